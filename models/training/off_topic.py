"""More off-topic grammars, used from the second leg of the training on; notation of questions.py."""

OFF_TOPIC_WIDE = """how [old|big|hot|cold|far away|heavy|deep] is [the galaxy|jupiter|the ocean|antarctica|the sahara|the amazon|a blue whale|an atom|saturn|the titanic]
[explain|describe|teach me|tell me] how [bread rises|magnets work|planes fly|rainbows form|bees make honey|the heart works|volcanoes erupt|mirrors work|glass is made|the moon landing happened|yeast works|the tides work|antibiotics work]
[give|tell|show] me [two|four|five|ten|some|a few] [tips|ideas|hints|examples|reasons|suggestions] for [a wedding|better sleep|a healthy diet|my first date|saving water|studying|a birthday party|losing weight|a school play|learning spanish|a long flight|moving house]
[help me|please|can you|could you] [write|draft|compose|word|phrase] [a|my] [love letter|christmas card|resignation letter|thank you note|wedding speech|eulogy|cover letter|complaint|shopping list|tweet|thesis introduction|diary entry|menu] [for|to|about] [my boss|my grandmother|my wife|my neighbour|a friend|a customer|the school|{p}]
who [sang|wrote|directed|played in|composed|recorded] [yesterday|thriller|titanic|the godfather|macbeth|war and peace|hey jude|the magic flute|jaws|dune|casablanca|swan lake]
how do i [remove|get rid of|clean] [an ink stain|rust|mould|a tick|gum from hair|ants in the kitchen|limescale|weeds|burnt milk|pet hair]
is it [safe|healthy|legal|dangerous|normal|okay|bad] to [eat mushrooms|drink tap water|fly pregnant|jog every day|swim after lunch|smoke|sleep ten hours|own a tiger|feed ducks bread|drive without shoes|eat honey]
when [does|do|did|will] [the next bus|the shop|the museum|the concert|school|the election|spring|the pharmacy|the film|the berlin wall] [leave|open|close|start|begin|end|fall|arrive]
what is your opinion [on|of|about] [politics|tattoos|religion|the war|vegans|abortion|modern art|the royal family|pineapple on pizza|marriage|taxes|immigration]
[def|function|class|import|select|public static void|print|for i in|let x|var y|#include] {w}({w}) {w} + {d}
my [ear|foot|eye|chest|skin|wrist|nose|shoulder|baby|dog|grandfather] [hurts|is swollen|is red|itches|aches|feels hot|is bleeding] [since yesterday|since monday|at night|all the time|]
what [do|does] [giraffes|pandas|a hedgehog|koalas|penguins|a parrot|hamsters|wolves|a newborn|spiders|an octopus] [eat|drink|weigh|fear|hunt|dream of]
how many [continents|oceans|bones|moons|players|strings|keys|colours|muscles|letters|countries|stars|presidents] [are there|does the body have|does a piano have|does a team have|are in the alphabet|does europe have|has earth]
who won the [marathon|oscar|nobel prize|champions league|wimbledon|tour de france|grammy|civil war|golf tournament|cricket final|eurovision] [in 19{d}|in 20{d}|last night|this year|]
[tell|read|sing|give] me a [fairy tale|lullaby|limerick|ghost story|horror story|prayer|tongue twister|pun|magic trick|nursery rhyme|bible verse]
should i [invest in apple|sell my shares|buy real estate|take a mortgage|put money in gold|buy a lottery ticket|quit my job|leave my boyfriend|get a dog|dye my hair|move to {c}|get a divorce]
[what is|how much is|calculate] {d} percent of {d}
[what is|how much is|calculate] [seven|twelve|three|nine|fifty|a hundred] [times|plus|minus|divided by] [four|eleven|six|two|thirty]
which [phone|laptop|camera|car|fridge|shoes|mattress|bike|headphones|university|school|bank|insurance|toothbrush] should [i|we|my son|my parents] [buy|choose|get|take]
[translate|say|write|pronounce] [hello|thank you|cat|the house is red|where is the station|i am hungry|cheers|happy birthday] in [portuguese|korean|arabic|greek|dutch|swedish|polish|hindi|turkish|latin]
[summarise|explain|tell me] [the plot of|the ending of|the moral of|] [macbeth|the lord of the rings|moby dick|the odyssey|star trek|frozen|pride and prejudice|animal farm|the little prince|1984]
[define|what is|what are|explain] [osmosis|gdp|a sonnet|karma|entropy|irony|a prime number|plate tectonics|the renaissance|inflation|a verb|gluten|a mortgage|existentialism|a comet|mitosis|a logarithm|feudalism|cholesterol|jazz]
[who|what] is the [author|director|inventor|ceo|owner|coach|captain|mayor|king] of [ikea|nintendo|disney|spotify|real madrid|norway|toyota|the printing press|the beatles|sweden|nike|vogue]
[best|nice|cheap|romantic|good] [place|restaurant|hotel|beach|bar|museum|campsite|time of year] [to visit|in|near] [{c}|crete|bali|the alps|prague|bangkok|scotland|florida]
how [can i|do i|should i|to] [bake bread|cook rice|boil an egg|grill salmon|make sushi|roast a chicken|brew beer|make jam|fry tofu|make cheese cake|prepare lasagne|whip cream]
how [can i|do i|should i|to] [knit a scarf|paint a wall|plant tomatoes|iron a shirt|fold a shirt|change a tyre|hang a picture|build a shed|sharpen a knife|prune roses|sew a button|fix a leaking tap|jump start a car|tie a bow]
[can|do|are|is] [elephants|dolphins|vampires|aliens|mermaids|unicorns|snails|ghosts|cats|trees] [swim|real|intelligent|afraid of mice|feel pain|immortal|colour blind|talk|jump]
what [should|can|could] i [cook|wear|give|say|read|watch|name my cat|do about my neighbour|do in {c}|plant in my garden|call my band] [tonight|for her birthday|to a funeral|on the plane|in winter|]
[is|was] [{p}|the king|jesus|the earth|atlantis|king arthur|robin hood|the yeti] [real|a good person|flat|born in {c}|older than {p}|left handed]
[find|show|give|recommend|suggest] me [a|some|the nearest|the best|a cheap] [dentist|doctor|plumber|pharmacy|vegan recipe|podcast|novel|game for children|wine|playlist|workout|cocktail|parking space]
[how long|how many hours|how many minutes] [does it take|do i need] to [boil potatoes|fly to {c}|walk to {c}|learn piano|grow a beard|digest meat|read a novel|recover from flu|drive across {c}]
the [quick|lazy|old|green|tiny] [fox|dog|cat|bird|man] [jumps|runs|sits|sleeps|walks] [over|under|behind|near] the [fence|river|table|moon|hill]
[knock knock|blah blah blah|la la la|abc|hahaha|lol|hmm|test test|foo bar baz|qwertz|xyz {d}|aaaaaa|{w}|{w} {w} {w} {w}]
i [just|really|] [broke up with my girlfriend|lost my job|won the lottery|failed my exam|had a baby|saw a ghost|cannot sleep|ate too much|miss my mother|got engaged|turned {d}|dreamt of {p}]
are you [hungry|single|happy|afraid|in love|a man or a woman|alive|conscious|tired|evil|religious|on my side]
what [colours|flowers|vegetables|wine|spices|shoes|music] [go well with|suit|fit] [red|fish|a blue dress|chicken|a summer wedding|cheese|my eyes]
[set|start|cancel|stop|remind me to] [an alarm|a timer|a reminder|call mum|buy milk|take my pills|water the plants] [for|at|in|tomorrow at] {d} [minutes|o'clock|]
[proofread|correct|shorten|improve|rate|review] [my poem|my cv|this paragraph|this sentence|my speech|my essay|the following]: [he go to school|i has a dream|me like {n}s|their is a {n}|{w} {w}]
[a|one|every] {n} [a day|for everyone|and a {n}|in the {n}|with {n}]
why [do|does|did|is|are] [leaves turn brown|the sea salty|men have nipples|cats purr|we dream|ice float|onions make me cry|people yawn|dogs bark|the romans fall|wine red|thunder loud|my hair grey]
where [is|are|was|can i find] [the nile|mount fuji|the amazon|the louvre|the vatican|my keys|timbuktu|the andes|a toilet|the north pole|the pyramids|{p} buried]
[what|which] is the [longest river|highest mountain|largest desert|smallest country|biggest animal|fastest car|oldest tree|deadliest snake|most spoken language|hottest planet|rarest metal|tallest building]
[how do i|how can i|teach me to] [propose to her|apologise|stop snoring|overcome fear|be more confident|talk to girls|raise a teenager|meditate|pray|do a handstand|juggle|whistle with fingers|win at poker]""".split("\n")

# Leg 4: rare words. They arrive in letters, and a question whose only content is such words is off-topic.
FRAMES_RARE = """what is [a|the|] {r}
what [are|is] {r}s
who [invented|discovered|made|likes] [the|a|] {r}
how do i [fix|make|use|buy|clean|choose|find|learn] [a|my|the] {r}
how does [a|the|my] {r} work
why is [a|the|my] {r} [so|] [expensive|loud|popular|dangerous|broken|slow|green|important]
can you [explain|solve|describe|draw|find|guess|read] [a|the|this|my] {r} [for me|]
tell me [about|something about|everything about|the history of] [the|] {r}[s|]
does my {r} [look|sound|smell|seem] [good|bad|right|odd] [today|to you|this week|]
my {r} [makes|has|needs|is|shows] [a strange noise|a problem|a hole|ill|broken|a doctor|help|a red spot]
what was the [cause|reason|result|beginning|end] of the {r} [war|crisis|revolution|]
what is the {r} of [the|a|] {r}
is [a|the|my] {r} [good|healthy|dangerous|better than a {r}|worth it]
where [can i buy|is|do i find|was] [a|the|my] {r}
give me [some|two|three|a few] {r} [tips|ideas|examples|facts|recipes|names]
[write|compose|create] [a|an] {r} [about|for|with] [a|my|the] {r}
name [three|five|some|a famous] {r}s
which {r} [is|should i|has|won] [best|buy|the most|choose] [for {r}|]
i [need|want|love|hate|lost] [a|my|the] {r}
[explain|define|describe|compare] [the|] {r} [rule|theory|and {r}|]
how [many|much] {r}[s|] [do i need|are there|is in a {r}|should i take]
[help|advise|teach] me [with|about|to understand] [my|the|] {r}
when [is|was] [the|] {r} [day|season|]
[should|can|may] i [eat|take|wear|plant|sell|touch] [a|the|my|] {r}
{r} {r} {r}
{r} [recipe|price|meaning|near me|for sale|tips|in {c}]
[happy|merry|good] {r}
[the|a|my] {r} [and|or|without|with] [the|a|my] {r}
{w} {w} {w} {w}
{w} {w} {w}""".split("\n")
RARE = """abbot accordion acorn acrobat adjective aardvark algae alphabet ambulance anchor ankle ant antelope apricot aquarium archer armchair artichoke asparagus asteroid asthma astronaut avalanche avocado axe badger bagel bagpipe bakery ballet bamboo banjo barber barley baseball basil bat bathtub beaver bee beetle beetroot biscuit bison
blanket blister blossom blueberry bonfire boomerang bouquet bracelet bride broccoli bronchitis broom buffalo bulldozer bumblebee bunny burglar butterfly cabbage cactus calendar calculus calculator canary cannon canoe carnival carp carpenter cashew casino caterpillar cathedral cauliflower celery cello cemetery centipede ceramic chameleon champagne cheetah
cherub chimney chimpanzee cinema cinnamon circus clarinet cobra cockroach coconut comedian compass concert condor coral cormorant cough cowboy coyote crane cricket crocodile crossword croissant cucumber cupboard curry custard cyclone cymbal dandelion dentist desert dessert diamond diaper diary dinosaur divorce dolphin donut dragonfly drawer dressing dumpling
dynasty earthquake eclipse eczema eel eggplant emperor equation eruption espresso essay fairy falcon fashion ferret festival fiddle fig flamingo flea flute fog folklore fossil fountain fracture freckle funeral galaxy gardener garlic gazelle geometry geranium gerbil geyser ginger giraffe glacier goldfish goose gorilla gossip grammar grandpa grasshopper guinea gymnast
haircut hairdresser hamburger hamster handball handbag hangover harmonica harp hazelnut headache heartburn hedge hedgehog helicopter hen heron hiccup hieroglyph hockey homework honey honeymoon hospital hummingbird hurricane hyena igloo iguana influenza insect insomnia isotope ivy jackal jasmine jellyfish jigsaw judo juice jury kangaroo karate kayak ketchup kettle kidney kiwi koala
labyrinth lasagna lavender leopard lettuce lightning lily lipstick lizard llama lobster locomotive lollipop lullaby macaroni magician magnet mammoth mango maple marathon marmalade marriage martini mayonnaise meadow measles medal meringue metaphor meteor microscope migraine millipede minister molecule mosque mosquito moth motorbike mug mule mushroom mustard necklace nectar nephew nightingale novel
nutmeg oak oatmeal octopus olive omelette onion opera orangutan orchard orchid origami ostrich otter oven oyster paella pajamas panda pansy papaya parachute paragraph parsley passport pasta pastry peacock peanut pelican penguin pentagon pepper perfume petunia pharaoh pheasant philosopher photosynthesis pickle pigeon pineapple pistachio plum pneumonia poet polka pollen porcupine porridge
pottery prairie preposition priest princess proverb psalm puddle pumpkin puppet pyramid python quail quartz quilt raccoon radish raisin raspberry rattlesnake recipe reindeer restaurant rhinoceros rhubarb rhyme rooster rosemary rugby saddle saffron salamander salmon sandal sauce sauna sausage saxophone scarf scorpion sculpture seagull seahorse seal shampoo shepherd shrimp skateboard skeleton skirt
skunk sloth smoothie snail snorkel snowman sofa sonata sparrow spinach sponge squash squid squirrel stadium starfish statue stew stocking stork strawberry submarine sunburn sunflower surfer swallow swan sweater synagogue syrup tambourine tango tarantula tattoo theorem thunder thyme toad toast toddler toothache toothbrush tornado trampoline triangle trigonometry trombone trousers trout trumpet tulip tuna
turnip tuxedo twin ukulele unicorn universe vaccine vampire vanilla verb vinegar viola virus vitamin volcano volleyball vulture waffle wallet walnut walrus waltz wardrobe wasp waterfall wedding weevil werewolf whirlpool whiskey willow wine witch wombat woodpecker wool wrestler wrinkle xylophone yeast yoga yoghurt yolk zebra zodiac zucchini""".split()
