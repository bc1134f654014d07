"""Themes: what a finding of them holds, and the words that say nothing about what a segment is about.

Three kinds of words are told apart. Stop words hold a sentence together. Evaluations say good or bad of anything
("great", "love it"). General objects stand for whatever the feedback is about ("app", "product", "thing"). A segment
made of nothing else is boilerplate: it is counted, and it raises no theme.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.tables import EMERGING, empty
from textcx.domain.themes.sets import shown_at

if TYPE_CHECKING:
    from textcx.domain.themes.sets import ThemeSet

MIN_SEGMENTS = 30
"""Fewer segments than this cannot carry themes."""

MASK = "█"
"""What stands for each redacted character."""


@dataclass(frozen=True, slots=True)
class ThemeFinding:
    """The themes of a set of segments.

    Attributes:
        themes: A frame of ``tables.THEMES``, all levels, the coarsest first and widest reach first in each.
        mentions: A frame of ``tables.MENTIONS``, sorted by segment; its themes are leaves.
        unassigned_share: Share of the segments of substance that belong to no theme, 0..1.
        boilerplate_share: Share of the segments that have three words or more and say nothing about anything, 0..1.
        short_share: Share of the segments with fewer words that say nothing about anything, 0..1.
        theme_set: The set the themes are of; null where there are none.
        emerging: A frame of ``tables.EMERGING``: groups that the set does not explain, most records first.
        notes: Sentences for the reader.
    """

    themes: pl.DataFrame
    mentions: pl.DataFrame
    unassigned_share: float
    boilerplate_share: float
    short_share: float = 0.0
    theme_set: ThemeSet | None = None
    emerging: pl.DataFrame = field(default_factory=lambda: empty(EMERGING))
    notes: tuple[str, ...] = ()

    def themes_at(self, level: int) -> pl.DataFrame:
        """The themes that stand for everything on a level: those on it, and leaves above it."""
        shown = set(self._shown(level).values())
        return self.themes.filter(pl.col("theme_id").is_in(sorted(shown)))

    def mentions_at(self, level: int) -> pl.DataFrame:
        """The mentions by the themes that stand for everything on a level."""
        return self.mentions.with_columns(pl.col("theme_id").replace_strict(self._shown(level), return_dtype=pl.String))

    def _shown(self, level: int) -> dict[str, str]:
        return shown_at(self.themes.select("theme_id", "parent_theme_id", "level").rows(), level=level)


def _words(*lines: str) -> frozenset[str]:
    """Words of some lines."""
    return frozenset(word for line in lines for word in line.split())


def _pairs(*lines: str) -> dict[str, str]:
    """Pairs of some lines, "helpful:helpfulness"."""
    return dict(pair.split(":") for pair in sorted(_words(*lines)))


_CONTRACTIONS = (
    "isn't aren't wasn't weren't don't doesn't didn't can't couldn't won't wouldn't shouldn't hasn't haven't hadn't "
    "mustn't needn't ain't i'm i've i'd i'll you're you've you'd you'll he's she's it's it'd it'll we're we've we'd "
    "we'll they're they've they'd they'll that's that'd that'll there's here's what's who's let's"
)

STOP_WORDS = _words(
    # articles, pronouns, determiners
    "a an the this that these those i me my mine myself we us our ours ourselves you your yours yourself he him his",
    "himself she her hers herself it its itself they them their theirs themselves one ones someone somebody anyone",
    "anybody everyone everybody nobody something anything everything nothing who whom whose which what whatever some",
    "any",
    "no none all both each every either neither other others another such same own several few many much more most",
    "less",
    "least enough lot lots bit plenty",
    # conjunctions, prepositions
    "and or but nor so yet if then else than as because since while whereas although though unless until till when",
    "whenever where wherever why how whether of at by for with without within about against between among into onto",
    "through throughout during before after above below over under from to in out on off up down upon per via despite",
    "towards toward across around along behind beside besides beyond near inside outside except plus",
    # auxiliaries and empty verbs
    "am is are was were be been being do does did doing done have has had having will would shall should can could may",
    "might must ought let lets get gets got getting gotten go goes going went gone make makes made making take takes",
    "took",
    "taken taking put puts come comes came coming keep keeps kept seem seems seemed say says said saying tell tells",
    "told",
    "know knows knew known think thinks thought thinking feel feels felt feeling want wants wanted wanting need needs",
    "needed use uses used using try tries tried trying give gives gave given giving look looks looked looking see sees",
    "saw seen seeing find finds found finding become becomes became guess mean means meant ask asked asking start",
    "started",
    "become happen happens happened help helps show shows cant dont didnt doesnt wont isnt wasnt couldnt wouldnt im",
    "ive id",
    # adverbs and fillers
    "not never ever always often sometimes usually really very quite rather pretty too also just only even still",
    "already",
    "again once twice here there now today yesterday later soon ago maybe perhaps probably actually basically",
    "literally",
    "definitely absolutely totally completely extremely especially particularly simply almost nearly hardly barely",
    "well",
    "however therefore thus instead otherwise anyway although away back far further almost else mostly overall",
    "generally",
    "especially exactly certainly obviously honestly unfortunately luckily hopefully finally recently currently yes",
    "yeah",
    "no nope ok okay oh ah hi hello hey please pls plz thanks thank thankyou sorry etc like would due first second",
    "last",
    "next new old way ways thing things stuff kind sort type point part side case fact reason example day days",
    "people person guy guys man men woman women lady ladies everyone lol omg btw u ur n't 's 're 've 'll 'd 'm re ve",
    "ll",
    "whole entire certain different various able sure such own two three four five six seven eight nine ten since",
    "especially upon anymore cannot must within yet although till get's",
    _CONTRACTIONS,
    _CONTRACTIONS.replace("'", ""),
)

EVALUATIONS = _words(
    "good great nice fine excellent amazing awesome fantastic wonderful brilliant perfect superb outstanding fabulous",
    "lovely beautiful best better super cool gorgeous adorable incredible terrific marvellous marvelous impressive",
    "exceptional splendid favorite favourite fab ace solid decent okay average alright satisfactory satisfied",
    "satisfying",
    "bad worse worst terrible horrible awful poor disappointing disappointed disappointment pathetic useless rubbish",
    "garbage trash crap crappy shit shitty suck sucks sucked disgusting dreadful appalling lousy mediocre meh boring",
    "annoying annoyed frustrating frustrated hate hated hates dislike disliked love loved loves loving lovvve like",
    "liked",
    "likes liking enjoy enjoyed enjoys enjoying enjoyable happy pleased pleasant glad unhappy sad wow yay recommend",
    "recommended recommends worth worthwhile interesting fun funny first-class star stars rate rating rated review",
    "reviews excellent+ goodness positive negative pleasure joy amazed amazingly beautifully perfectly nicely badly",
    "poorly",
    "exactly complain complaint complaints complaining improve improved improvement improvements comment comments",
    "feedback",
    "suggestion suggestions idea ideas opinion highly buy bought purchase purchased purchasing keep returned job work",
    "works",
    "thankful grateful appreciate appreciated impressed fault faults satisfaction joke waste scam fraud damn hell",
    "fucking",
    "fuck bloody cute pretty stunning flattering sooo soo super-cute must-have bravo cheers ty thx tq tks gud gr8 nyc",
    "vry",
    "osm supperb exelent excelent verry lovelove wonder wonderfull stupid ridiculous unacceptable",
)

GENERAL_OBJECTS = _words(
    "app apps application applications product products item items company brand experience experiences thing stuff",
    "everything all place website site piece pieces reference world life year years month months week weeks night",
    "hour hours minute minutes user",
    "users customer customers client clients way ever question answer nothing none comment n/a na nil",
)

VAGUE_WORDS = _words(
    "time times help helps helped helping issue issues problem problems year years month months week weeks hour hours",
    "minute minutes mins min hrs hr use user users customer customers look looks feel feels error errors option class",
    "pair front back side mind moment aspect aspects spot ton tons fence",
)
"""Words that carry substance in a sentence but name nothing on their own."""

WEAK_WORDS = VAGUE_WORDS | {"service", "services", "quality", "money"}
"""Words that say too little on their own, but may be spoken of in general."""

BARE_ADJECTIVES = _words(
    "small big large tiny huge short long tight loose wide narrow medium comfy cozy comfortable scratchy soft",
    "thin thick heavy light warm cold hot clean dirty quiet noisy busy crowded overcrowded spacious slow fast",
    "quick cheap expensive easy helpful friendly polite rude professional caring kind late early petite flowy",
    "boxy casual bright dark free",
)
"""Adjectives that are often taken for nouns where customers write fragments; none is a name on its own."""

PROFANITY = _words(
    "fuck fucks fucking fucked fucker shit shits shitty bullshit crap crappy bitch bitches bastard bastards ass asses",
    "asshole assholes arse arsehole dick dicks dickhead cunt cunts piss pissed pissing damn damned goddamn bloody",
    "whore",
    "slut sluts bollocks wanker wankers motherfucker nigger nigga faggot fag retard retarded porn sexy suck sucks",
    "sucked",
)

ADJECTIVES = BARE_ADJECTIVES | _words(
    "calming",
    "helpful friendly polite kind caring professional efficient courteous prompt attentive considerate knowledgeable",
    "reassuring respectful patient calm cheerful understanding compassionate supportive unhelpful unfriendly impolite",
    "unprofessional inefficient incompetent arrogant aggressive ignorant careless dismissive abrupt approachable",
    "clear unclear confusing complicated complex intuitive simple difficult hard smooth slick reliable unreliable",
    "safe unsafe secure insecure available unavailable responsive unresponsive accurate inaccurate honest dishonest",
    "flexible inflexible convenient inconvenient affordable pricey overpriced costly inexpensive punctual timely",
    "delayed rushed fresh stale dry greasy bland tasty delicious salty spicy sweet hungry limited empty full basic",
    "broken faulty damaged defective torn ripped loud hectic packed cramped tiny airy modern outdated dated shabby",
    "worn tired flattering unflattering stretchy itchy sheer see-through stiff silky flimsy sturdy durable warm cozy",
    "roomy baggy fitted snug oversized shapeless lightweight heavyweight versatile stylish elegant classy trendy",
    "inline auto automatic frumpy feminine colorful colourful vibrant dull faded smelly hygienic unhygienic filthy",
    "dusty relaxing relaxed laggy buggy glitchy crashy addictive useful useless handy informative addicted scared",
    "nervous anxious worried open closed wet rough gentle thorough quicker faster slower cheaper cleaner bigger",
    "smaller larger longer shorter earlier later easier softer warmer tighter looser brighter darker thinner thicker",
    "stuck missing wrong correct willing unable unhappy upset grateful sick ill painful sore swollen disabled elderly",
    "young lonely happy true false slim curvy busty athletic tall skinny thin plus-size maternity-like summery dressy",
    "romantic",
)
"""Words that describe and name nothing on their own."""

NOUN_OF = _pairs(
    ": helpful:helpfulness friendly:friendliness polite:politeness kind:kindness caring:kindness",
    "professional:professionalism efficient:efficiency courteous:courtesy attentive:attentiveness",
    "considerate:consideration reassuring:reassurance respectful:respect compassionate:compassion",
    "supportive:support unfriendly:unfriendliness rude:rudeness arrogant:arrogance careless:carelessness",
    "simple:simplicity complicated:complexity complex:complexity reliable:reliability unreliable:unreliability",
    "safe:safety secure:security available:availability accurate:accuracy flexible:flexibility",
    "convenient:convenience punctual:punctuality prompt:promptness quick:speed fast:speed faster:speed",
    "quicker:speed slow:slowness fresh:freshness durable:durability versatile:versatility clean:cleanliness",
    "dirty:dirt loud:noise noisy:noise quiet:quietness crowded:crowding overcrowded:crowding busy:crowding",
    "comfortable:comfort comfy:comfort soft:softness warm:warmth thick:thickness thin:thinness tight:tightness",
    "itchy:itchiness scratchy:scratchiness stretchy:stretch sheer:transparency see-through:transparency",
    "expensive:price pricey:price overpriced:price cheap:price costly:price affordable:affordability",
    "useful:usefulness informative:information knowledgeable:knowledge calm:calmness understanding:understanding",
    "thorough:thoroughness clear:clarity spacious:spaciousness laggy:lag buggy:bugs smooth:smoothness",
)
"""Nouns that stand for describing words."""

SAME_WORD = _pairs(
    ": quick:fast quickly:fast quicker:fast faster:fast rapid:fast prompt:fast promptly:fast speedy:fast",
    "speed:fast large:big huge:big larger:big bigger:big tiny:small smaller:small little:small colour:color",
    "colours:color colors:color colored:color coloured:color film:movie films:movie movies:movie employee:staff",
    "employees:staff personnel:staff workers:staff doctors:doctor gp:doctor gps:doctor comfy:comfortable",
    "comfort:comfortable cozy:comfortable pricey:expensive overpriced:expensive costly:expensive cost:price",
    "costs:price pricing:price cellphone:phone telephone:phone phoned:phone late:delay delayed:delay",
    "lateness:delay courteous:polite courtesy:polite politeness:polite nurses:nurse helpfulness:helpful",
    "kindness:kind caring:kind friendliness:friendly professionalism:professional professionally:professional",
    "efficiency:efficient efficiently:efficient cleanliness:clean advert:ad adverts:ad ads:ad advertisement:ad",
    "advertisements:ad advertising:ad commercials:ad picture:photo pictures:photo photos:photo pic:photo",
    "pics:photo image:photo images:photo bathroom:toilet bathrooms:toilet restroom:toilet restrooms:toilet",
    "toilets:toilet washroom:toilet washrooms:toilet fabric:material materials:material fabrics:material",
    "softness:soft wi-fi:wifi internet:wifi issue:problem issues:problem problems:problem beverage:drink",
    "beverages:drink sockets:outlet socket:outlet plug:outlet plugs:outlet graph:plot graphs:plot clothing:clothes",
)
"""Words that a reader takes for the same, and the one that stands for them."""

VERDICTS = _words(
    "good great excellent amazing awesome fantastic wonderful brilliant perfect superb outstanding lovely beautiful",
    "nice fine decent fabulous exceptional poor bad terrible horrible awful dreadful appalling disappointing pathetic",
    "disgusting",
)
"""Describing words that only judge."""

SCALE_OF = _pairs(
    "small:size medium:size big:size large:size tiny:size huge:size smaller:size bigger:size larger:size",
    "short:length long:length shorter:length longer:length cold:temperature hot:temperature warm:temperature",
    "warmer:temperature colder:temperature freezing:temperature clean:cleanliness dirty:cleanliness",
    "filthy:cleanliness cleaner:cleanliness dusty:cleanliness cheap:price cheaper:price expensive:price",
    "pricey:price overpriced:price costly:price affordable:price inexpensive:price quiet:noise noisy:noise",
    "loud:noise fast:speed quick:speed slow:speed faster:speed slower:speed quicker:speed bright:lighting",
    "dark:lighting dim:lighting brighter:lighting darker:lighting light:weight heavy:weight lightweight:weight",
    "heavyweight:weight thin:thickness thick:thickness thinner:thickness thicker:thickness tight:tightness",
    "loose:tightness tighter:tightness looser:tightness early:timing late:timing earlier:timing later:timing",
)
"""What describing words that are opposites, or degrees, are about."""

EMPTY_ACTS = _words(
    "sending receiving leaving bringing turning walking standing sitting running wearing holding changing adding",
    "signing logging ringing staying setting allowing including regarding following depending considering missing",
    "lacking providing offering expecting ending",
)
"""Verbs that name nothing on their own."""
