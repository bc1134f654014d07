"""What findings do to the numbers people steer by: ratings, drivers, trends, groups, the headline."""
