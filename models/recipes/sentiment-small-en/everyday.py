"""Everyday sentences of our own making, from templates: what customers, guests, patients and colleagues say.

The corpora know films and tweets, so a model that has seen only those takes plain statements about rooms, parcels and
batteries for neutral. Every domain has things with good and bad things to say about them, and neutral facts. One
template in five and one entry of every list in five are held out: ``sentences(held=True)`` uses only those.
"""

from __future__ import annotations

import random

from corpora import ALL, MIXED, NEGATIVE, NEUTRAL, POSITIVE, Example

# domain: things | good predicates | bad predicates | good events | bad events | neutral facts
# Things stand in the singular with "was" / "is"; events are whole clauses.
_DOMAINS: dict[str, tuple[str, str, str, str, str, str]] = {
    "hotel": (
        "room/bed/breakfast/lobby/pool/bathroom/view/reception/spa/balcony/hotel/apartment/hostel/guest house/shower",
        "spotless/very comfortable/lovely/quiet and cosy/beautifully decorated/bright and airy/warm and welcoming/"
        "better than expected/tidy and fresh/worth every penny/well equipped/charming/fantastic/really nice",
        "filthy/cramped/noisy all night/far too hot/smelly/run down/freezing cold/overpriced/damp and dark/"
        "full of ants/in need of repair/nothing like the photos/dirty/disgusting/shabby",
        "the staff went out of their way to help us/we slept like babies/they upgraded us for free/"
        "we felt at home from the first minute/the housekeeper left fresh flowers every morning/"
        "check-in was quick and friendly/the owner gave us great tips/everything was as promised",
        "we could hear every word from next door/there was hair in the sink/the air conditioning did not work/"
        "they lost our reservation/nobody cleaned the room for three days/the receptionist shouted at us/"
        "there were cockroaches under the bed/we were given the wrong room twice/the towels smelled of smoke/"
        "the lift was out of order the whole week/we had to leave after one night",
        "check-out is at eleven/the hotel has forty rooms/we booked a double room for two nights/"
        "breakfast is served from seven to ten/the bus stops opposite the hotel/parking costs ten euros a day/"
        "the room has two single beds/we stayed from Monday to Thursday/reception is on the ground floor",
    ),
    "food": (
        "food/soup/pasta/steak/burger/salad/dessert/curry/sushi/bread/cake/coffee/wine/menu/fish/sauce/sandwich/tea",
        "delicious/cooked to perfection/fresh and tasty/full of flavour/mouth-watering/excellent/superb/"
        "beautifully presented/the best in town/generous and cheap/crispy and hot/simply wonderful/really good",
        "cold/bland/burnt/undercooked/far too salty/stale/greasy/tasteless/inedible/dry as dust/awful/"
        "way too expensive/soggy/disgusting/a big disappointment/sour",
        "the waitress was attentive and cheerful/we were served within minutes/the chef came out to greet us/"
        "they surprised us with a birthday cake/every dish was a hit/we will be back next week/"
        "the owner recommended a marvellous wine/my children finished everything",
        "we waited an hour for our starters/I found a hair in my plate/they forgot our drinks/"
        "the waitress rolled her eyes at us/I was sick the whole night/the bill was wrong/"
        "our table was sticky/they served the wrong dish and refused to change it/half the menu was not available/"
        "the portions were tiny",
        "the restaurant is closed on Mondays/we had a table for four/the menu changes every week/"
        "I ordered a glass of water and a salad/the café is next to the library/the kitchen opens at noon/"
        "they serve lunch and dinner/the recipe needs two eggs and some flour",
    ),
    "gadget": (
        "phone/laptop/camera/tablet/printer/keyboard/speaker/screen/charger/watch/router/television/mouse/monitor/"
        "vacuum cleaner/washing machine/kettle/blender/toaster/drill",
        "super fast/easy to use/brilliant/solid and well made/worth the money/quiet and powerful/a joy to use/"
        "light and handy/very reliable/razor sharp/simple to set up/better than my old one/excellent value",
        "painfully slow/flimsy/useless/broken on arrival/faulty/overpriced/hard to use/too loud/badly made/unreliable/"
        "dead after a week/a piece of junk/defective/cheap plastic/worse than my old one",
        "it charges in half an hour/it has worked flawlessly for years/the sound is rich and clear/"
        "the pictures come out beautifully/I use it every day and love it/it saved me hours of work/"
        "it does exactly what it promises/even my grandmother gets on with it",
        "it stopped working after two weeks/it keeps freezing/the battery dies within hours/the buttons fell off/"
        "it will not turn on/it overheats and shuts down/the screen cracked on the first day/"
        "it scratches far too easily/it keeps losing the connection/it makes a horrible noise/"
        "I had to send it back twice/the hinge snapped within a month",
        "it comes in black and white/it weighs two hundred grams/it has two ports and a button/"
        "the box contains a cable and a manual/it was released in September/I bought it at the shop on the corner/"
        "the warranty lasts one year/it runs on two batteries/the screen measures thirteen inches",
    ),
    "delivery": (
        "delivery/parcel/packaging/courier/shipping/order/seller/shop/postman/tracking/package/return",
        "quick/on time/faster than promised/perfect/careful and polite/very professional/easy/smooth and simple/"
        "first class/spot on/great",
        "late/damaged/a nightmare/slow/careless/incomplete/hopeless/a complete mess/torn open/two weeks late/"
        "unacceptable/a joke/wrong again",
        "everything came well wrapped/they shipped it the same day/the courier carried it upstairs for me/"
        "they replaced it at once without any questions/I got a full refund within a day/"
        "the seller added a small gift/it came sooner than I hoped",
        "the box was soaked/half of the items were missing/the courier threw it over the fence/"
        "they sent me the wrong size/the vase was smashed to pieces/it was left out in the rain/"
        "it never turned up/they lost my parcel/I am still waiting for my money/nobody rang the bell/"
        "they blamed me for their mistake",
        "the parcel is at the post office/I ordered it on Friday/the tracking number has twelve digits/"
        "delivery takes three to five days/it was sent to my work address/the courier comes in the morning/"
        "please sign here/you can collect it at the counter",
    ),
    "support": (
        "support team/agent/hotline/technician/customer service/help desk/adviser/clerk/chat/manager/answer",
        "helpful/patient and kind/outstanding/competent/quick to respond/friendly/understanding/polite/top notch/"
        "a real pleasure/knowledgeable",
        "rude/useless/clueless/incompetent/impossible to reach/arrogant/unhelpful/slow to reply/dismissive/"
        "a disgrace/appalling",
        "they fixed it in five minutes/she called me back straight away/he stayed on the line until it worked/"
        "they explained it in plain words/my question was answered at once/they apologised and made it right/"
        "I finally understand how it works",
        "they hung up on me/nobody called me back/they passed me from one person to the next/"
        "they never replied to my letters/I explained it five times in vain/they closed my ticket without an answer/"
        "they keep telling me lies/they cancelled my account by mistake/I was left waiting for days",
        "the line is open until six/my customer number is on the letter/a technician comes on Wednesday/"
        "I wrote to them yesterday/you can reach them by phone or by mail/they asked for my date of birth/"
        "can you tell me where to find the form/what is the number of your office",
    ),
    "story": (
        "film/book/series/novel/play/concert/show/album/plot/acting/ending/soundtrack/script/documentary/exhibition/game",
        "gripping/hilarious/moving/brilliant/a masterpiece/unforgettable/beautifully written/thrilling/captivating/"
        "full of heart/a delight/stunning/great fun",
        "boring/predictable/a mess/painful to watch/dull/confusing/far too long/badly written/lifeless/cheesy/"
        "a waste of time/forgettable/tedious/silly and shallow",
        "I could not stop reading/the whole family loved it/I cried happy tears/it kept me on the edge of my seat/"
        "I would watch it again tomorrow/the audience cheered for minutes/it made my day",
        "I left before the end/I struggled to stay awake/the jokes fell flat/nothing happens for two hours/"
        "the singer was out of tune/I gave up after ten pages/we wanted our money back/the story goes nowhere",
        "it runs for two hours/it was filmed in Canada/the author lives in Dublin/the series has three seasons/"
        "the show begins at eight/it is based on a play from the sixties/the second part comes out in May/"
        "I borrowed it from the library",
    ),
    "software": (
        "app/website/update/program/software/game/interface/search/login/tool/plugin/installer/map/calendar",
        "intuitive/fast and stable/a huge improvement/brilliant/very handy/easy to learn/well designed/"
        "clear and simple/a life saver/free and excellent/really useful",
        "full of bugs/slow/confusing/ugly/unusable/worse than before/a disaster/cluttered/buggy/full of adverts/broken/"
        "impossible to understand",
        "it imported all my files without a hitch/it runs smoothly even on my old machine/"
        "I found everything at once/it makes my work so much easier/everything loads instantly/"
        "I recommend it to all my colleagues",
        "it deleted all my photos/it freezes on the start screen/I cannot log in any more/it lost my data/"
        "it keeps asking for my password/it drains my battery/the buttons do nothing/it hangs at ninety percent/"
        "since the upgrade nothing works/they removed the only feature I used",
        "the file is in the downloads folder/the program needs two gigabytes of memory/"
        "click on the icon to open the settings/the new version is called four point one/"
        "I installed it on my computer/the form has six fields/the report is written every night/"
        "where can I change my password",
    ),
    "care": (
        "doctor/dentist/nurse/clinic/hospital/surgeon/teacher/course/lesson/trainer/gym/hairdresser/haircut/therapist",
        "caring/gentle/thorough/very professional/excellent/calm and reassuring/kind/inspiring/well organised/"
        "attentive/wonderful/first rate",
        "rough/careless/rude/in a hurry/dirty/chaotic/cold and distant/unprofessional/terrible/disorganised/impatient/"
        "overcrowded",
        "she took the time to answer all my questions/I feel so much better now/he explained every step/"
        "I learned more in a week than in a year/they took good care of my mother/the treatment worked wonders/"
        "I am thrilled with the result",
        "I waited four hours in pain/he did not even look at me/they mixed up my records/"
        "the injection hurt for days/she talked down to me/they cancelled my appointment on the day/"
        "I learned nothing at all/my hair looks terrible now/the wound got infected",
        "my appointment is on Tuesday at ten/the practice is on the first floor/the course takes six weeks/"
        "take one tablet after each meal/bring your insurance card/the class meets in room twelve/"
        "she has worked there since 2012/visiting hours end at seven",
    ),
    "work": (
        "meeting/presentation/report/workshop/training/project/plan/interview/speech/conference/team/boss/schedule",
        "productive/inspiring/well prepared/very useful/clear and to the point/a great success/excellent/interesting/"
        "well run/encouraging",
        "a waste of time/chaotic/badly prepared/pointless/exhausting/too long/full of mistakes/a failure/"
        "disappointing/stressful/unfair",
        "we solved the problem together/everybody was happy with the outcome/we finished ahead of time/"
        "my boss praised the whole team/I am proud of what we achieved/they listened to our ideas/I got the job",
        "nobody had read the papers/we argued for hours/we missed the deadline again/they ignored our concerns/"
        "my boss blamed me in front of everyone/the numbers were all wrong/half of the team quit/I was not paid",
        "the meeting is on the second of June/we meet in the large hall/the report has twelve pages/"
        "Anna sends the minutes tomorrow/the office moves to another street/there are nine people in the team/"
        "please bring your laptop/the agenda has five points/he is the new head of sales",
    ),
    "travel": (
        "flight/train/bus/taxi/ride/seat/airport/tour/guide/beach/museum/trip/boat/city/station/driver/car/ferry",
        "comfortable/on time/smooth/magical/clean and modern/relaxing/wonderful/exciting/breathtaking/very pleasant/"
        "fun for all of us/well organised",
        "delayed again/dirty/overcrowded/cramped/dangerous/a nightmare/too expensive/cancelled/boring/uncomfortable/"
        "full of rubbish/badly signposted",
        "the driver helped us with our bags/we saw dolphins/the crew were charming/it was the trip of a lifetime/"
        "we enjoyed every minute/our children had a wonderful time/the sunset took our breath away",
        "they lost our luggage/we missed our connection/the driver got lost twice/the toilets were blocked/"
        "we stood all the way/our bags were stolen/we were stuck for six hours without any information/"
        "they charged us extra for water/the tour was called off without a word",
        "the train leaves at five past nine/the flight takes two hours/we took the bus to the station/"
        "the museum is near the river/a ticket costs four pounds/the ferry runs twice a day/"
        "our seats are in the third row/we drove from Leeds to York/the airport has two terminals",
    ),
    "clothes": (
        "jacket/dress/pair of shoes/shirt/coat/bag/sweater/sofa/chair/mattress/table/lamp/toy/necklace/carpet/pillow",
        "gorgeous/soft and warm/a perfect fit/well made/very stylish/sturdy/comfortable/of great quality/cute/"
        "even nicer in real life/good value",
        "too small/badly stitched/scratchy/wobbly/ugly/of poor quality/torn/stained/falling apart/overpriced/"
        "nothing like the picture/uncomfortable",
        "I get compliments all the time/my daughter will not take it off/it still looks like new after a year/"
        "it was easy to put together/the colour is beautiful",
        "the seam split on the second day/the colour washed out/a leg broke off/it shrank in the wash/"
        "it smells of chemicals/the strap tore within a week/I gave it to charity/my son was in tears when it broke",
        "it is made of cotton/it comes in five sizes/I bought the blue one/wash it at forty degrees/"
        "it has two pockets/the table is two metres long/it folds up/my sister has the same one in green",
    ),
}  # fmt: skip

_GOOD = (
    "The {thing} was {good}.", "The {thing} is {good}.", "{Event}.", "{Event}!", "I love the {thing}.",
    "What a great {thing}!", "The {thing} was {good} and {event}.", "{Event}, and the {thing} was {good}.",
    "Really {good} {thing}.", "I can only recommend this {thing}.", "We are very happy with the {thing}.",
    "My {person} loves the {thing}.", "Great {thing}, {event}.", "Thank you, the {thing} was {good}.",
    "{Good}, {good2}.", "I was surprised how {good} the {thing} was.", "Five stars, the {thing} is {good}.",
    "The {thing} and the {thing2} were {good}.", "Would choose this {thing} again any time.", "So {good}!",
    "There is nothing to complain about, the {thing} was {good}.", "The {thing} was not bad at all.",
    "Very pleased: {event}.", "Could not be happier, {event}.", "No problems at all, {event}.",
    "I have never seen a better {thing}.", "Excellent {thing}.", "{Good} {thing}, {good2} {thing2}.",
    "Everything about the {thing} is {good}.", "A {thing} I would buy for my {person}.",
)  # fmt: skip
_BAD = (
    "The {thing} was {bad}.", "The {thing} is {bad}.", "{Event}.", "{Event}!", "I hate the {thing}.",
    "What a terrible {thing}!", "The {thing} was {bad} and {event}.", "{Event}, and the {thing} was {bad}.",
    "Really {bad} {thing}.", "I cannot recommend this {thing}.", "We are very unhappy with the {thing}.",
    "My {person} hates the {thing}.", "Awful {thing}, {event}.", "Sorry, but the {thing} was {bad}.",
    "{Bad}, {bad2}.", "I was shocked how {bad} the {thing} was.", "One star, the {thing} is {bad}.",
    "The {thing} and the {thing2} were {bad}.", "Would not choose this {thing} again.", "So {bad}!",
    "Avoid: the {thing} was {bad}.", "The {thing} was not good at all.", "Not worth it: {event}.",
    "Very disappointed, {event}.", "Stay away, {event}.", "I want my money back, {event}.",
    "I have never seen a worse {thing}.", "Poor {thing}.", "{Bad} {thing}, {bad2} {thing2}.",
    "I wish we had never seen this {thing}.", "To make things worse, {event}.", "Unfortunately {event}.",
    "I should have known better than to trust this {thing}.", "The {thing} does not work as it should.",
)  # fmt: skip
_PLAIN = (
    "{Event}.", "{Event}.", "{Event} and {event2}.", "{Event}, {event2}.", "Please note that {event}.",
    "This is the {thing} for Tuesday.", "Where is the {thing}?", "When does the {thing} open?",
    "I have a question about the {thing}.", "My {person} asked about the {thing}.", "The {thing} is on the left.",
    "We looked at a {thing} and a {thing2}.", "Is the {thing} included?", "I wrote to you about the {thing} in May.",
    "There is a {thing} in the next street.", "Here is the list: {thing}, {thing2}.", "They have a {thing}.",
    "He told me that {event}.", "As far as I know, {event}.", "According to the letter, {event}.",
)  # fmt: skip
_BOTH = (
    "The {thing} was {good} but the {thing2} was {bad}.", "The {thing} was {bad} but the {thing2} was {good}.",
    "{Good} {thing}, but {badevent}.", "{Goodevent}, but {badevent}.", "{Badevent}, but {goodevent}.",
    "Although {badevent}, {goodevent}.", "{Goodevent}; sadly, {badevent}.", "{Goodevent}. However, {badevent}.",
    "The {thing} is {good}, yet {badevent}.", "{Good} {thing}, {bad} {thing2}.", "I like the {thing}, but {badevent}.",
    "While the {thing} was {good}, the {thing2} was {bad}.", "The {thing} is {good}, though {badevent}.",
    "{Badevent}. On the other hand, {goodevent}.", "I love the {thing} but the {thing2} is {bad}.",
    "The {thing} was {good}; the {thing2}, unfortunately, was {bad}.", "Nice {thing}, terrible {thing2}.",
)  # fmt: skip
_PEOPLE = "wife/husband/son/daughter/mother/father/neighbour/colleague/friend/boss/sister/brother/partner"


def _part(entries: str | tuple[str, ...], held: bool) -> list[str]:
    """Every fifth entry is held out."""
    listed = entries.split("/") if isinstance(entries, str) else entries
    return [entry for number, entry in enumerate(listed) if (number % 5 == 3) == held]


def _filled(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
        template = template.replace("{" + name.capitalize() + "}", value[:1].upper() + value[1:])
    return template


def _careless(text: str, generator: random.Random) -> str:
    """As people type: now and then without capitals, without the full stop, with more marks."""
    dice = generator.random()
    if dice < 0.12:
        return text.lower()
    if dice < 0.24:
        return text.rstrip(".")
    return text.rstrip(".") + "!" if dice < 0.3 else text


def sentences(count: int, seed: int, *, held: bool = False) -> list[Example]:
    """About ``count`` different sentences: 34 % positive, 34 % negative, 20 % neutral, 12 % mixed."""
    generator = random.Random(seed)
    pick = generator.choice
    out: dict[str, Example] = {}
    for _ in range(count):
        things, good, bad, goodevents, badevents, facts = (
            _part(entries, held) for entries in pick([*_DOMAINS.values()])
        )
        label = generator.choices((POSITIVE, NEGATIVE, NEUTRAL, MIXED), (34, 34, 20, 12))[0]
        thing, thing2 = generator.sample(things, 2)
        values = {
            "thing": thing, "thing2": thing2, "person": pick(_part(_PEOPLE, held)), "good": pick(good),
            "good2": pick(good), "bad": pick(bad), "bad2": pick(bad), "goodevent": pick(goodevents),
            "badevent": pick(badevents),
        }  # fmt: skip
        events = {POSITIVE: goodevents, NEGATIVE: badevents}.get(label, facts)
        values |= {"event": pick(events), "event2": pick(events)}
        templates = {POSITIVE: _GOOD, NEGATIVE: _BAD, NEUTRAL: _PLAIN, MIXED: _BOTH}[label]
        text = _careless(_filled(pick(_part(templates, held)), values), generator)
        out.setdefault(text, Example(text, label, ALL))
    return list(out.values())
