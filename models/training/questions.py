"""Frames, small talk and off-topic grammars that are shared by all facts. [a|b|] is a choice, {x} a field.

In the off-topic grammars {n} is a noun, {v} a verb, {a} an adjective, {p} a person, {c} a place, {d} a number and
{w} an invented word.
"""
import facts
from questions_a import ACTIONS, ASK, EVENTS, KEYS, NAMES  # noqa: F401  (questions_b fills them further)
import questions_b  # noqa: F401
from questions_c import CONTEXTS, GENERAL, MORE  # noqa: F401

ASK = {key: [line for line in (text + MORE[key]).split("\n") if line] for key, text in ASK.items()}
NAMES, ACTIONS, EVENTS, KEYS = ({k: v.split("|") for k, v in table.items()} for table in (NAMES, ACTIONS, EVENTS, KEYS))

SYSTEM = ["You are a helpful assistant.", "You are a helpful, concise assistant.", "Answer briefly.", "You are a friendly chat bot.",
    "You are an assistant on the Cocoon network.", "Be helpful and honest.", "You are an AI assistant. Be polite.", "Answer the user's questions.",
    "You are the demonstration model of Cocoon.", "You are a support agent. Answer in English.", "Reply in one or two sentences.", "You are a careful assistant. Do not make things up."]

DEFINE = ["what is {x}", "what is {x}", "what is {x}", "what's {x}", "what are {x}", "explain {x}", "describe {x}", "tell me about {x}", "what does {x} mean", "can you explain {x}", "define {x}", "{x}",
    "i want to know about {x}", "help me understand {x}", "what exactly is {x}", "how would you describe {x}", "give me a definition of {x}", "in one sentence, what is {x}", "remind me what {x} is", "do you know {x}",
    "do you know what {x} is", "meaning of {x}", "what do you know about {x}", "what do you mean by {x}", "please explain {x} to me", "i do not understand {x}", "tell me what {x} is", "could you tell me what {x} is",
    "{x} explained", "what about {x}", "explain the word {x}", "can you tell me something about {x}", "i have never heard of {x}", "{x} - what does that mean", "what is the meaning of {x}", "what is the purpose of {x}",
    "what is {x} good for", "what is the use of {x}", "so what is {x}", "what is that, {x}", "{x} meaning", "how does {x} work", "{x}, how does that work", "what should i know about {x}", "i read about {x}, what is it",
    "somebody mentioned {x}, what is that", "what's meant by {x}", "what is the story with {x}", "information on {x}", "how do i think of {x}", "i am confused by {x}", "my colleague talks about {x}, what does that mean", "is there {x}", "do you have {x}"]
HOW_TO = ["how do i {x}", "how can i {x}", "how to {x}", "how does one {x}", "how would i {x}", "how could i {x}", "i want to {x}", "i want to {x}, how", "i would like to {x}", "i'd like to {x}, what do i do", "what is the way to {x}",
    "what's the best way to {x}", "what do i need to {x}", "what must i do to {x}", "what should i do to {x}", "is it possible to {x}", "can i {x}", "can one {x}", "could i {x}", "tell me how to {x}", "show me how to {x}", "explain how to {x}",
    "help me {x}", "i need to {x}", "i am trying to {x}", "let me {x}", "how is it possible to {x}", "where can i {x}", "what are the steps to {x}", "teach me to {x}", "do you know how to {x}", "my plan is to {x}", "we want to {x}", "how do we {x}",
    "how do people {x}", "how might i {x}", "what do i have to do to {x}", "is there a way to {x}", "is there an easy way to {x}", "{x}, how", "my boss wants me to {x}", "what would it take to {x}", "what allows me to {x}", "how should one {x}",
    "what do you recommend if i want to {x}", "someone asked me to {x}", "i was told that i can {x}", "i hope to {x} soon", "a friend wants to {x}", "before i {x}, what must i know"]
COMMAND = ["which command do i use to {x}", "what command lets me {x}", "what do i type to {x}", "what do i enter to {x}", "command to {x}", "which command is there to {x}", "i forgot the command to {x}", "give me the command to {x}",
    "is there a command to {x}", "what should i run to {x}", "which program do i start to {x}", "cli to {x}"]
EVENT = ["what happens if {x}", "what happens when {x}", "what if {x}", "and if {x}", "suppose {x}", "suppose {x}, what happens", "imagine {x}, what now", "let us say {x}", "{x}, what now", "{x}, what happens now", "what will happen if {x}",
    "what do i do if {x}", "what should i do when {x}", "is it a problem if {x}", "what does the client do if {x}", "i am afraid that {x}", "i worry that {x}", "but what if {x}", "could it happen that {x}", "how do you handle it if {x}",
    "what would happen if {x}", "tell me what happens if {x}", "does it matter if {x}", "{x}, then what", "assume that {x}", "{x}", "what is the plan if {x}", "how bad is it if {x}", "what follows when {x}", "i just saw that {x}"]
TERSE = ["{x}", "{x} {y}", "{x} {y}", "{x} cocoon", "cocoon {x}", "{x} how", "{x} info", "{x} help", "question about {x}", "{x}, {y}", "{x} and {y}", "info {x}", "{x} details please", "explain {x}"]

PREFIX = ["hey, ", "hi, ", "hi! ", "hello, ", "please tell me: ", "quick question: ", "i am new here. ", "sorry, ", "one more thing: ", "ok, so ", "just wondering, ", "dumb question, but ", "i am curious: ", "can you tell me, ", "please, ", "now tell me ",
    "another question: ", "tell me, ", "i have a question. ", "good morning, ", "excuse me, ", "well, ", "so ", "and ", "but ", "um, ", "as a beginner, ", "for my notes: ", "my boss asks: ", "question: ", "next: ", "by the way, ", "ok ", "seriously, ",
    "actually, ", "could you tell me ", "do you know ", "i wonder ", "i would like to know ", "my friend asks ", "honestly, ", "for a report: ", "since you know cocoon: ", "in cocoon, ", "on cocoon, ", "with cocoon, ", "let me ask: ", "i forgot, ", "remind me, ",
    "i read the docs but ", "sorry to bother you, ", "help! ", "my son asks: ", "i am not technical. ", "would you mind telling me ", "i need to understand ", "thanks. "]
SUFFIX = [" please", ", please", " in short", " briefly", " exactly", ", thanks", " again", " in simple words", " for a beginner", ", can you explain", " then", " here", " today", " actually", ", i wonder", ", do you know", " really", " in cocoon", " on cocoon",
    " with cocoon", " on this network", ", if i may ask", " in your network", ", i am new", " in general", ", just curious", " in practice", " right now", ", any idea", " when using cocoon"]
FILLERS = ("really|exactly|on earth|somehow|the thing called|this|those|kind of|maybe|just|still|even|ever|now|here|there|some|any|own|for me|in practice|at all|then|also|basically|honestly|supposed to|actually|in fact|usually|normally|a bit|these|other|"
    "together|anyway|later|always|whole|thing|people|someone|simply|quickly|easily|please|first|certain|sort of|you know|i mean|like|only|possibly|properly|particular").split("|")
SYNONYMS = {k: v.split("|") for k, v in dict(verify="check|validate|confirm|inspect|authenticate", check="verify|inspect|test|examine|confirm", start="launch|run|boot|fire up|bring up|begin|kick off|set up", run="start|launch|execute|operate|use", show="display|tell me|list",
    prompt="question|message|input|text|request|words|query", prompts="questions|messages|texts|requests|words|queries|inputs", machine="computer|box|server|pc|laptop|device|rig|workstation", computer="machine|pc|box|device|server|laptop", node="peer|machine|computer|worker|server",
    gpu="graphics card|video card|card|graphics processor|accelerator|rtx", money="cash|coins|funds|income|ton|dollars|bucks", explain="clarify|describe|outline|spell out|tell me", find="discover|locate|look up|see|spot", dies="crashes|fails|stops|goes down|breaks|is gone|is dead|vanishes|quits",
    crashes="dies|fails|stops|breaks|is gone|goes down", read="see|view|look at|open|peek at", see="read|view|look at|observe", get="receive|obtain|have|gain", answer="reply|response|result|output|completion", answers="replies|responses|results|outputs", use="employ|work with|take|try|utilise",
    fast="quick|speedy|slow|rapid", cost="price|fee|expense|charge", price="cost|fee|rate|charge", provider="seller|host|gpu owner|worker|supplier|node|vendor", providers="sellers|hosts|gpu owners|suppliers|nodes|vendors", work="operate|happen|go|function", need="require|have to have|want",
    someone="somebody|anybody|a person|anyone|some guy", anyone="anybody|a person|someone|any person", command="instruction|line|program|cli command", network="system|net|platform|grid", real="genuine|true|authentic|legit", lie="cheat|be dishonest|fake it", contain="hold|include|have|carry",
    limit="cap|restrict|bound|control", users="customers|people|clients of my app|members", stored="kept|saved|recorded|retained", encrypted="sealed|protected|scrambled|secured", supported="allowed|possible|accepted|available|compatible", make="create|produce|build|get", open="start|show|launch",
    buy="purchase|order|get", choose="pick|select", chosen="picked|selected|decided", big="large|huge|giant", large="big|huge|massive", small="little|tiny|short", happens="occurs|follows|goes on|takes place", problem="trouble|issue|error|fault", model="llm|language model|ai|neural network", models="llms|language models|ais",
    pay="spend|give|hand over", paid="rewarded|compensated|payed", earn="make|gain|collect|get", want="wish|would like|need|plan", laptop="computer|machine|pc|notebook", receipt="receipt|signed receipt|cocoon receipt", private="secret|confidential|hidden|personal", lose="forfeit|be out of|waste",
    measure="test|determine|gauge|find out", terminal="shell|console|command line|command prompt", enclave="tee|secure enclave|trusted execution environment", hardware="machine|processor|chip|equipment", language="programming language|tongue", rating="score|grade|ranking", job="task|batch|order", app="application|program|software|bot|website",
    spending="costs|expenses|bill", cheat="trick|fool|scam|deceive", told="informed|shown", peers="nodes|machines|computers|participants", broken="faulty|damaged|not working", error="failure|fault|bug|problem", developer="programmer|coder", owner="operator|proprietor|holder", message="text|note|prompt", secretly="silently|quietly|behind my back").items()}
STOP_WORDS = set("a an the is are do does of to it that my i can could please what how".split())
PROPER = {w.lower(): w for w in ["Cocoon", "TON", "TEE", "TEEs", "TDX", "DHT", "GPU", "API", "AMD", "Intel", "OpenAI", "HPKE", "SEV-SNP", "NVIDIA", "SDK", "I", "AI", "URL", "LLM", "LLMs", "ONNX", "vLLM", "SGLang", "TypeScript", "Rust", "Python", "CPU", "CPUs", "PC", "Llama", "Qwen"]}

LONG_GRAMMAR = [
    "[please |can you |could you |would you |i want you to |][tell|teach|explain to|describe to] [me|us] [everything|all|all there is to know|as much as you can|every detail|the whole story|all the details|the full story|what you know in detail|as much as possible] [you know |there is to know |you have |you can |][about|on|concerning|of|regarding] {x}",
    "[please |can you |could you |kindly |][write|give me|produce|compose|i want|i need|make|show me|prepare|send me|draft|i would like] [a|one|a very|a really|a nice] [long|detailed|full|complete|extensive|thorough|big|lengthy|deep|in-depth|comprehensive] [text|answer|explanation|description|essay|article|summary|report|introduction|lecture|page|chapter|tour|overview|account|walkthrough] [about|on|of|for|concerning|regarding] {x}",
    "[please |can you |could you |][explain|describe|present|discuss|walk me through|go through|cover] {x} [in great detail|in depth|at great length|thoroughly|completely|in many words|in several sentences|in a long text|from start to end|fully|extensively|at length|step by step|from start to finish|in detail|in full detail|in a long answer]",
    "{x} [in detail|in depth|at length|the long version|the full story|in many sentences|step by step|from beginning to end|in full]",
    "[write|tell me|say|i want to hear|i want to read|give me|let me hear] [a lot|everything|all|very much|much|all you know|more than a few words|at least ten sentences|several paragraphs|150 words|200 words|a whole page|a long story] [about|on|regarding] {x}",
    "[do not be brief|be verbose|use many words|be thorough|take your time|i have time|give me all the details]: [explain|describe|tell me about|what about] {x}",
    "what is everything [i should|one should|i need to|there is to] know about {x}",
    "i [want|would like|need] to [know|learn|understand|read] [everything|all|absolutely everything|every detail|all the details] about {x}"]
LONG_QUESTIONS = {"request": ["[please |can you |could you |][explain|describe|tell me] [in detail |in depth |step by step |][how a request travels|how a prompt travels|the life of a request|what happens to a request|the way of my prompt] [through the network|through cocoon|from start to end|from my machine to the provider and back|step by step|in detail|]",
    "walk me through [a request|the life of a request|what happens when i ask something|one whole request|the steps of a request]", "[tell me|explain] [step by step|in detail|in full] what happens [when|after] i [send a prompt|ask a question|press enter]", "how does cocoon work [in detail|step by step|from start to end|inside]"],
    "overview": ["tell me everything", "tell me everything you know", "tell me all you know", "what do you know? tell me everything", "give me the long version", "write a long text", "i want a long answer", "tell me everything about cocoon", "tell me all about cocoon in detail"]}
TELL_MORE = ["tell me more", "more", "more details please", "go on", "can you explain that in detail", "explain in detail", "tell me more about that", "i want to know more", "give me more details", "say more", "more about that", "please elaborate", "and in more detail", "that is too short", "continue"]
AGAIN = ["say that again", "repeat that", "again please", "can you repeat that", "repeat your answer", "what did you say", "once more please", "pardon", "repeat your last answer", "sorry, what", "i did not get that, again please", "come again"]

SMALL_TALK = [
    (facts.HELLO, "hello|hi|hey|hey there|good morning|good evening|hi there|hello there|greetings|yo|good day|good afternoon|hello model|hi bot|hello cocoon|hi, nice to meet you|anybody there|hello, can you help me"),
    (facts.WHO, "who are you|what are you|what is your name|are you a human|are you a robot|are you an ai|which model are you|introduce yourself|are you chatgpt|who made you|who trained you|tell me about yourself|what model is this|how were you trained|how big are you|are you gpt|who am i talking to|are you real|what is this model|how many parameters do you have"),
    (facts.CAN, "what can you do|help|what can i ask|what are your skills|what do you know|how can you help me|what should i ask you|what questions can you answer|show me what you can do|give me some examples|what are you able to do|what are your topics|what may i ask you|give me an example question"),
    (facts.THANKS, "thanks|thank you|thanks a lot|thank you very much|great, thanks|cool, thank you|nice|great|perfect|good answer|well done|ok thanks|awesome|that helps|cool|ok|i see|that was helpful|good to know|wonderful"),
    (facts.BYE, "bye|goodbye|see you|see you later|good night|that is all|i have to go|bye bye|farewell|have a nice day|that was all, thanks"),
    (facts.HOW, "how are you|how are you doing|how is it going|what's up|are you fine|how do you feel|everything ok with you|how is your day|how do you do")]
SMALL_TALK = [(a, q.split("|")) for a, q in SMALL_TALK]

OFF_TOPIC = """how do i [cook|bake|make|prepare|eat|wash|fry|boil|grill|clean|repair|draw|paint|grow] [a|the|my|some] {n}
what is the weather [like |going to be |]in {c} [today|tomorrow|on monday|this week|]
[what is the weather|will it rain|is it cold|is it going to snow|how warm is it] [today|tomorrow|now|outside|on sunday|at the weekend]
who [is|was] the [president|king|queen|prime minister|mayor|leader|founder|first emperor] of {c}
[write|compose|give me|make up|create|tell me] [a poem|a song|an email|a letter|a joke|a story|a rhyme|a speech|a haiku|a limerick|a fairy tale|an invitation] [about|for|with|to] [a|the|my] {n}
write [code|a program|a python script|a function|a sql query|a regex|a class|an algorithm|a bash script|html] [that|which] [sorts a list|prints hello|finds primes|reverses a string|counts words|reads a file|{v}s a {n}]
translate [{n}|good morning|i love you|the {a} {n}|my {n} is {a}] [into|to] [french|german|spanish|russian|latin|chinese|italian|japanese]
how [old|tall|big|heavy|fast|far|deep|long|wide|high] is [the|a|my] {n}
how [old|tall|big|far|high|rich|famous] is [{p}|{c}|the moon|the sun|mount everest|the eiffel tower|the president]
why [is|are] [the|a|my] {n} [so |]{a}
what is the best {n} [in {c}|for me|to buy|of the year|]
who [invented|discovered|built|wrote|painted|won|composed|directed|sang|founded] [the|a] {n}
who [wrote|painted|sang|composed|directed|invented] [hamlet|the bible|the mona lisa|imagine|star wars|faust|the telephone|the light bulb|harry potter|don quixote|romeo and juliet]
should i [buy|sell|eat|keep|wear|marry|take|bring] [a|my|the] {n}
[how do i|how can i|can i|where can i|how does one|how to] {v} [a|my|the] {n} [with a {n}|in {c}|quickly|safely|]
can you {v} [me|a {n}|my {n}|the {n}|for me]
where can i [buy|find|see|get|rent|sell] [a|some|the] {n}
what [colour|color|size|shape|kind of animal|age] is [a|the|my] {n}
tell me [a joke|a story|a riddle|something funny|a fun fact|a secret] [about a {n}|about {c}|]
do you [like|love|hate|want|have|know|eat] [a |]{n}[s|]
[is|are] [a|the|my] {n} [bigger|better|faster|heavier|safer|cheaper] than [a|the|my] {n}
what is [the square root of|the cube of|half of|the logarithm of|the sine of|a third of] {d}
[what is |calculate |compute |how much is |]{d} [times|plus|minus|divided by|to the power of] {d}
[what is |calculate |compute |]{d} [+|*|/|-] {d}
solve {d} x + {d} = {d}
who [is|was] {p}
[when|where] was {p} born
is {p} [alive|married|rich|dead|famous|an actor|a singer]
what did {p} [do|say|write|invent|discover|paint]
tell me [about|everything about|something about] [{p}|{c}|{n}s|the history of {c}|dinosaurs|world war two|the romans]
my name is {p}
i [feel|am] [{a}|sad|tired|lonely|ill|hungry|in love|bored|happy|pregnant|stressed] [today|now|]
my {n} is [{a}|ill|broken|dead|sick|gone], what should i do
my [head|tooth|back|stomach|knee|throat|arm] hurts [, what should i do|badly|]
[what|which] [medicine|drug|pill|treatment|diet|exercise] [helps|is good|should i take] [against|for] [a headache|a cold|fever|back pain|cancer|weight loss|high blood pressure]
[what time is it|what is the date today|what year is it|what time is it in {c}]
what [happened|was invented|was built] in 1{d}{d}
what do {n}s [eat|need|like|drink|look like|do]
how many [{n}s|people|legs|teeth|days|hours|islands|states] [are there|does a {n} have|live|are] [in {c}|in a year|in the world|]
[what is the mayor|what is the population|what is the language|what is the flag|what is the history|what is the currency] of {c}
what language do they speak in {c}
[recommend|suggest] [a|some|me a] [{n}|movie|book|restaurant|hotel|song|game|holiday|wine|gift] [for {p}|in {c}|for tonight|]
[plan|book|organise] [a trip|a holiday|a flight|a hotel|a journey] to {c}
what is the [news|latest news|headline] [today|in {c}|]
who won the [world cup|election|race|game|war|olympics|super bowl|match] [in {c}|last year|yesterday|]
what is the meaning of life
[give me|what is|find] [a recipe|the recipe|the best recipe|cooking tips] for {n}[s|] [soup|salad|cake|pie|]
{n}
{a} {n}
{w} {w}
{w} {w} {w}
what is {w}
who is {w}
what is [a|the|an] [{a} |]{n}
how do i {v} {w}
why do {n}s {v}
does [the|a|my] {n} {v}
how much does [a|the|my] {n} cost
how much is a [{n}|house|car|ticket to {c}|flight to {c}|coffee|bitcoin|gram of gold|share of apple]
what is the [price|cost|value] of [gold|silver|oil|bread|milk|a {n}|a house in {c}|bitcoin|ethereum|petrol]
which command [deletes|prints|renames|copies|lists|moves] [a|the] [file|folder|{n}|branch|user]
what happens [if|when] [a|the|my] {n} {v}s
what happens [if|when] i {v} a {n}
how does [a|the] {n} [work|{v}|grow|fly|sleep|move]
[explain|describe|what is|define|tell me about] [quantum physics|the bible|football|gravity|the stock market|history|photosynthesis|love|music|evolution|medicine|climate change|democracy|relativity|a black hole|dna|inflation|philosophy|chess|the big bang|electricity|algebra|buddhism|capitalism|yoga]
[play|open|close|stop|send|book|order|call|buy|turn on|turn off] [a|the|my] [{n}|music|lights|taxi|pizza|door|radio|tv] [now|for me|]
what is your favourite [{n}|colour|food|movie|song|animal|book]
i [want|love|hate|need|lost|found|bought|broke] [a|my|the] {n}
what is the difference between [a|the] {n} and [a|the] {n}
[what is|explain|how do i install|how do i use|is it worth learning] [ethereum|java|linux|docker|kubernetes|windows|google|facebook|excel|photoshop|git|react|postgres|android|tensorflow|wordpress|instagram]
which [{n}|country|river|animal|city|planet|team|band|actor] [is|was|has|won] [the|a] [{a}|biggest|best|oldest|longest|fastest|most famous] [{n}|one|]
[best|cheap|good|famous|nice] [{n}s|restaurants|hotels|beaches|museums|bars] in {c}
[when|why|where|how] did [the|a|my] [{n}|war|{p}|empire|romans] [{v}|start|end|die|begin|fall]
what [should|can|could] i [wear|eat|cook|do|read|watch|drink|give my {n}|say to {p}] [today|tonight|tomorrow|at the weekend|for dinner|]
[how do i|help me|teach me to|can i] [learn|speak|play|study] [french|chess|guitar|piano|math|to swim|to dance|to drive|cooking|yoga|german]
[who|what] [is|was] the [first|last|best|tallest|richest|oldest] [man|woman|person|{n}|animal|president|doctor] [in {c}|on the moon|in the world|ever|alive|]
[fix|correct|check|improve|summarise|rewrite|translate] [my essay|this sentence|my text|my homework|this article|my cv]: {w} {n} {v} {a}
[is|are] [god real|ghosts real|there life on mars|the earth flat|vegetables healthy|cats smarter than dogs|wolves dangerous|we alone]
[do|can|why do|how do] [cats|dogs|fish|birds|bees|horses|cows|babies|plants|trees] [sleep|fly|swim|sing|dream|cry|see colours|breathe|grow|eat meat]
[sing|dance|laugh|whistle|cook|drive|sleep] for me
[which|what] [team|player|club|horse] [won|scored|leads|plays] [yesterday|the league|last year|today]
[give me|i need] [legal|medical|financial|relationship|dating|tax|career] advice
how do i [tie a tie|lose weight|get rich quick|make friends|ask a girl out|fix a flat tyre|change a light bulb|remove a stain|quit smoking|write a cv|file my taxes|unclog a sink|train a dog|whistle]
[convert|how much is] {d} [miles|pounds|euros|inches|gallons|fahrenheit|feet] [in|to] [dollars|celsius|kelvin|yen|francs|acres]
[spell|rhyme|what rhymes with|a synonym for|the past tense of] [the word |]{n}
the {n} is {a}
{p} and {p} [are friends|went home|have a {n}]
[count|list the numbers|count down] [from {d} to {d}|to {d}]
[where|what] is [{c}|the {n}|my {n}|the nearest {n}|the bathroom|the moon|the library]
[what|which] {n} [should i|can i|do i] {v}
i [have|own|bought|found|run] a {n}, [what now|how do i {v} it|can i {v} it|what should i do]
which port [does ssh use|is http|is for mail|does postgres use]
who [owns|runs|founded|controls] [tesla|google|apple|amazon|twitter|{c}|the {n}|the world|the fed]
in which language is [linux|chrome|the bible|word|{n}] written
is my [{n}|car|house|bank|dog|child|password|phone] [safe|private|secure|good|okay]
how [do i|can i] earn [money|more] [with|by] [a {n}|babysitting|stocks|youtube|selling {n}s|writing books|gambling]
how do [birds|lost dogs|ants|bees|lovers|ships] find [each other|their way|food|home]
what does a [{n}|doctor|lawyer|teacher|nurse|pilot|farmer] [do|earn|eat|need|wear]
what is [a|the] [gas|train|parking|restaurant|tax|cinema] [receipt|ticket|channel|voucher]
what if [my {n} {v}s|it rains|i die|the sun explodes|i fail my exam|the {n} is {a}]""".split("\n")

NOUNS = """apple river stone cloud house paper train bread chair horse island jungle knife lemon mouse ocean piano queen robot tiger whale zebra bridge castle dragon forest garden hammer jacket kitten ladder needle orange pencil rabbit temple violin window
banana basket beach bell bird boat bottle bowl brick brush bucket button cake camel candle car carpet carrot cat cave cherry church city coat coffee cow crab crown curtain daisy desk dog doll donkey door dress drum duck eagle egg elbow elephant engine farm feather
fence finger fire flag flower fork fox frog game ghost gift glass glove goat guitar hat hill hotel jar jewel king kite lake lamp lion lock lunch map match melon mirror monkey moon mountain nail nest nose nurse owl parrot party peach pear pen picture pig pillow
pirate pizza planet plant plate pony potato potion puppy purse ring road rocket roof rope rose sandwich school shark sheep ship shirt shoe snake soap sock soup spider spoon star storm sugar sun sword table tea teacher tent tomato tooth tower toy tractor tree
truck turtle umbrella uncle valley vase village wall watch wheel winter wizard wolf woman yacht chocolate pancake cheese butter salad baby brother sister father mother bicycle airplane camera newspaper football tennis poem movie doctor lawyer soldier""".split()
VERBS = "bake bring build burn carry catch clean climb cook count cover cross cut dance draw drink drive drop eat feed fight fill fly fold follow grow hide hold hunt jump kick kiss learn lift love melt move paint plant play pull push ride ring sail sew shake sing sleep smell sweep swim teach throw touch travel walk wash watch water wear write".split()
ADJECTIVES = "angry beautiful blue bright brown cheap clean cold cool cute dark dirty dry empty fresh funny fat green grey happy hard heavy hot hungry kind lazy light loud lucky new nice old pink polite poor pretty proud purple quiet red rich round sad sharp shy silly sleepy soft sour strong sweet tall thick thin tired ugly warm weak wet white wild wise yellow young".split()
PEOPLE = "napoleon|einstein|julia|peter|mary|john smith|cleopatra|shakespeare|mozart|beethoven|obama|trump|putin|elon musk|bill gates|taylor swift|madonna|picasso|gandhi|newton|darwin|caesar|anna|marie curie|leonardo|messi|ronaldo|the pope|jesus|sherlock holmes|batman|goethe|lincoln|churchill|homer|plato|tom|lisa|michael jackson|the queen|stalin|tolstoy|van gogh|galileo".split("|")
PLACES = "france|germany|spain|italy|japan|china|india|russia|brazil|egypt|paris|london|berlin|rome|madrid|tokyo|moscow|new york|peru|kenya|canada|mexico|norway|sweden|poland|greece|turkey|lisbon|vienna|australia|texas|chicago|africa|europe|the moon|mars|cairo|dubai|iceland|cuba|chile|ireland|portugal|boston|miami".split("|")
