"""Hand-written wordings for the first half of the facts: [a|b|] is a choice; see questions.py for the fields.

NAMES fill definition frames ("what is {x}"), ACTIONS fill how-to frames, EVENTS fill what-if frames, KEYS are
the words of terse queries, ASK holds whole questions and statements, one per line.
"""

ASK = {}
NAMES = {}
ACTIONS = {}
EVENTS = {}
KEYS = {}

NAMES["what"] = "cocoon|the cocoon network|this network|this project|cocoon exactly|this product|this cocoon thing|the thing called cocoon|this software|the whole cocoon idea"
KEYS["what"] = "cocoon|about|overview|summary|introduction|definition|purpose|idea|intro"
ASK["what"] = """
what does [cocoon|this network|this project|this software] do
what is [cocoon|this|the project] [about|all about|for|made for|supposed to be|supposed to do]
[describe|summarise|introduce|present] [cocoon|the project|the network] [in short|in one line|for a beginner|in a sentence|to a newcomer|]
what is the [idea|purpose|point|goal|aim|mission] [of|behind] [cocoon|this network|the project]
what [kind|sort|type] of [network|system|software|project|product|thing] is [cocoon|this|it]
i just [heard|read] about cocoon, what is it
i [found|installed|downloaded|opened] [cocoon|this program] [but|and] [do not know|have no idea] what it [is|does]
my [boss|friend|colleague|teacher|mother] [asks|wants to know] what cocoon is
[explain|define] cocoon [like i am five|to my grandmother|in plain words|in simple terms|to me]
give me [a short|a quick|a brief|the shortest] [description|summary|overview|explanation|definition|pitch] of cocoon
what [problem|need] does [cocoon|the project|this] [solve|address|answer]
why [does cocoon exist|was cocoon made|would anyone use cocoon|do people use cocoon|should i care about cocoon]
what am i [using|looking at|talking to] here, what is cocoon
in [a few|simple|plain|other] words, what is [cocoon|this]
cocoon [in a nutshell|in short|in one sentence|for dummies|explained|basics]
so [cocoon is what exactly|what exactly is this cocoon thing]
what [would|should|could] i use cocoon for
what is cocoon [good|useful] for
[tell|teach] me [what cocoon is|about cocoon|something about cocoon|a bit about cocoon]
what can [i|one|people] do with cocoon
who [is cocoon for|uses cocoon|needs cocoon|should use cocoon|benefits from cocoon]
i am new [here|to cocoon|to this], what is [it|this|cocoon] about
how would you [describe|explain|introduce] cocoon [to a stranger|to a friend|to someone new|]
is cocoon a [blockchain|company|chat bot|cloud service|language model|network|product|program]
what does the word cocoon [mean|stand for|refer to] here
what makes cocoon [special|different|interesting|useful]
how is cocoon different from [other networks|a normal cloud|the usual ai services]
what is the [elevator pitch|short version|main idea|big idea|basic idea|concept] [of cocoon|]
what does [cocoon|your network|this system] offer [to me|to people|]
what is sold on [cocoon|the cocoon network]
what service does [cocoon|the network] [provide|offer|give]
i keep hearing the name cocoon, please [explain|enlighten me|tell me what it is]
[where am i|what have i joined], what is this network
what do gpu owners and developers do with cocoon
cocoon - what [is it|is that|does it do]
"""

NAMES["coordinator"] = "the coordinator|the central server|the operator of cocoon|the company behind cocoon|the authority behind the network"
KEYS["coordinator"] = "coordinator|central server|owner of network|in charge|centralised|decentralised|operator|company|single point of failure|governance|control"
EVENTS["coordinator"] = "the company behind cocoon closes|the central server is turned off|a government bans cocoon|the coordinator fails|the company goes bankrupt|someone shuts the main server down|the founders disappear"
ASK["coordinator"] = """
is there a [central|main|] [server|coordinator|company|operator|authority|middleman|administrator|master node]
who [runs|controls|operates|owns|is in charge of|manages|governs|administers|leads|rules] [the network|cocoon|it all|this network|the whole thing|this]
is [cocoon|the network|it|this] [centralised|centralized|decentralised|decentralized|run by one company|controlled by somebody|really peer to peer]
[does|do] [cocoon|the network|you] [have|need|depend on|rely on] a [coordinator|central server|middleman|central company|boss|master|leader]
can [someone|anyone|a company|a government|one firm|the authorities] [stop|shut down|censor|block|switch off|turn off|close] [the network|cocoon|it|everything]
who is [the boss|responsible|in control|the owner|the operator|the administrator|behind cocoon|behind all this|pulling the strings] [here|of the network|]
which [company|organisation|firm|team|person|group] [runs|owns|is behind|operates|controls] [cocoon|this|the network|the servers]
do [requests|messages|prompts|answers] [go|pass|travel] through [a central server|one company|some proxy|a middleman|a central place]
where is the [central|main|head] [server|office|computer|hub]
is there a single point of failure
does [everything|all traffic|every request] [pass|go|run] through one [place|server|company|point]
what [single machine|central part|server] could [bring down|kill|stop] the network
[must|do] i [trust|rely on|depend on] [a company|a central operator|some organisation|one firm] [to use cocoon|here|]
who [decides|sets the rules|makes the decisions|has the power|has the last word] [in the network|in cocoon|here]
whose servers [are these|does cocoon use|does this run on]
is [somebody|anyone|someone|a firm] [in charge|at the top|in the middle|above all this|between me and the provider]
how [decentralised|decentralized|independent|centralised] is [cocoon|the network|it]
does cocoon belong to [a company|somebody|anyone|a corporation|telegram|google]
what if [the operator|the company|the people in charge] [changes its mind|goes away|becomes evil]
who would i [complain to|call|sue] [about the network|if cocoon misbehaves]
is there [a headquarters|an admin|a moderator|a gatekeeper|a boss|a king of the network]
who [hosts|maintains|keeps alive] the [network|whole system]
does anyone have to [approve|allow|admit|accept] me
is there a [firm|corporation|foundation|government] that controls [cocoon|this]
could [one party|a single company|the creators] [take over|control|own|kill] [the network|cocoon]
[the middleman|a coordinator|a central authority], [is there one|do you have that|does it exist]
what sits in the [middle|centre|center] of the network
no boss, really
who gives orders to the peers
i [do not like|distrust|hate] [central servers|big companies], is cocoon run by one
who holds the [master key|power|reins|steering wheel] of [the network|cocoon]
"""

NAMES["privacy"] = "prompt privacy|the privacy of my prompt|the confidentiality of my chat|the secrecy of my questions|data privacy|logging|prompt logging"
KEYS["privacy"] = "privacy|prompt private|read my prompt|see my messages|logs|logging|stored data|secret|spy|confidential data|who reads"
EVENTS["privacy"] = "the provider is curious|the owner of the gpu looks at my question|somebody listens to my traffic|i type a password|i send a secret|a relay wants to read my message|the provider wants to spy on me|i ask something embarrassing"
ACTIONS["privacy"] = "keep my prompt secret|ask something private|hide my question from the provider|send personal data safely|keep my chat private"
ASK["privacy"] = """
[who|who else|which people|which parties] can [read|see|look at|view|access|spy on] my [prompt|prompts|messages|questions|data|chats|text|conversation|answers]
can [the provider|the gpu owner|the owner of the gpu|anyone|anybody|a relay|someone|the operator|strangers|other people|a gateway] [read|see|look at|view|spy on|steal|copy] [my|the] [prompt|prompts|messages|questions|data|chats|text|conversation|answers]
is my [prompt|data|chat|text|conversation|question|message] [private|confidential|secret|safe|protected|visible to others|readable by others]
[are|will] my [prompts|messages|chats|questions|words] [stay private|be private|private|confidential|kept secret|be read by anyone|be seen by others]
how private [is this|is cocoon|are my prompts|is my data|is my chat|are my conversations]
[does|can] the provider [know|learn|find out|discover] what i [ask|asked|write|wrote|type|said]
[are|is] my [prompts|data|prompt|messages|chats|text] [logged|stored|saved|kept|recorded|written to disk|archived]
do you [log|store|save|keep|record|collect] [my prompts|my data|my messages|my chats|what i write|anything i say]
does [the provider|the network|cocoon|a node|somebody] [log|store|save|keep|record] [my prompts|my data|my messages|what i write]
is anyone [watching|reading|listening to|spying on|eavesdropping on] [me|my prompts|my chat|what i write|us]
who [sees|reads|knows|gets to see|has access to] [what i ask|what i write|my prompts|my questions|my text|my messages|my conversation]
can i [ask|send|type|write] [something|things] [private|secret|confidential|personal|sensitive] [safely|here|]
will [my question|my text|what i type] [end up|appear|be kept] [in a log|on a disk|in some database|in a file|on someone's computer]
do [providers|gpu owners|relays|other people|strangers] see [my prompts|my text|what i ask|my questions]
[i am worried|i fear|i am afraid] that [somebody|the gpu owner|a stranger|the host] [reads|sees|can read|will see] [my questions|my prompt|what i ask|my chats]
[medical|legal|secret|personal|company] [questions|documents|data|information], is it safe to [send|ask|share] [that|them|it] here
does the [man|person|guy|owner|people] with the [graphics card|gpu|hardware|machine] [see|read|know|get] [my question|my words|what i asked|my text]
could a [hacker|relay|gateway|network operator|curious host] [read|intercept|see|open] [my messages|my prompt|the answer|the traffic]
is there a [log|record|history|copy|trace] of [my prompts|what i asked|my conversation|my questions]
nobody [should|may|must] [see|read|know] [what i ask|my prompt|my questions], can you [guarantee|promise|do] that
how do you [keep|protect|guard] my [privacy|secrets|confidential text|private questions]
what can the [provider|gpu owner|relay|gateway|host|machine owner] [see|read|learn|know about me]
who is able to [look over my shoulder|see the answer|open my messages|peek at my prompt]
is my [conversation|chat|prompt|input] used for training
does my [prompt|text|question] get [published|leaked|shared|sold|put on the chain|put on the blockchain]
[privacy|confidentiality], how good is it
do i [have|get] privacy here
can [my boss|the government|my employer|the police] [see|read] what i [ask|type|write] [here|on cocoon|]
for whose eyes is the answer
will others [know|see|find out] what [we|i] [talk|asked|talked] about
where do my prompts [go|end up|get saved]
do you remember what i [asked|wrote|told you] [yesterday|before|last week]
what happens to my data [afterwards|after the answer|later|]
who, besides me, [can see|gets|may read] the [answer|reply|output]
"""

NAMES["tee"] = "a tee|tee|a trusted execution environment|an enclave|the enclave|enclaves|tees|a secure enclave|the term enclave|the abbreviation tee|the acronym tee|the word enclave|confidential computing"
KEYS["tee"] = "tee|enclave|enclaves|acronym tee|tee meaning|enclave definition|trusted execution environment|confidential computing|tee abbreviation"
ASK["tee"] = """
what does [tee|the abbreviation tee|the acronym tee] [mean|stand for]
how does [a tee|an enclave|a trusted execution environment|the enclave] [work|protect me|protect my data|help|keep data safe|function]
what [is|are] [tees|enclaves|an enclave|a tee] [for|good for|used for]
tee is short for what
[what do you mean by|what is meant by|explain the word|i do not understand the word|define] [enclave|tee|trusted execution environment]
what is [so special|secure|different] about [a tee|an enclave|this enclave]
why does [an enclave|a tee] keep [secrets|data|prompts] [safe|secret|]
how [secure|safe] is [an enclave|a tee|the enclave]
what is a [protected|trusted|secure|sealed|isolated] [environment|part of the machine|execution environment|area of the processor]
[the docs|people|you] [keep talking|talk|write] about [enclaves|a tee|tees], what is [that|one]
what happens [inside|in] [an enclave|the enclave|a tee]
is [an enclave|a tee] [a kind of chip|hardware or software|a room|a box|a program|part of the processor]
what does the processor do in [a tee|an enclave]
why [do you|does cocoon|would one] [need|use] [enclaves|a tee|tees|a trusted execution environment]
what is the [idea|concept|principle|trick|point|use] of [enclaves|a tee|trusted execution environments|an enclave]
tee [in full|stands for what|abbreviation|full form|meaning]
what is confidential computing
[can|could] the owner of a machine look into [an enclave|a tee|the enclave]
does [an enclave|a tee] encrypt its memory
how can [memory|a part of a machine|a program] be hidden from the owner of the machine
i [see|read|saw] the letters t e e, what do they mean
i have never heard of [enclaves|a tee|tees|trusted execution environments]
describe [a tee|an enclave|enclaves] to a [beginner|child|layman]
[tees|enclaves], how do they work
give me a definition of [tee|enclave|trusted execution environment]
what [role|part] does [the enclave|a tee] play
what is inside the [protected part|enclave|secure area|trusted area]
what makes a machine trusted
what exactly [is|counts as] [an enclave|a tee]
from whom does [an enclave|a tee] hide things
what technology [hides|isolates] the [engine|work|computation|model] from the [host|owner of the machine]
three letters: tee, meaning
encrypted memory, how does that work
"""

NAMES["hardware"] = "the list of supported tees|the supported hardware|the supported enclaves|intel tdx|amd sev-snp|tdx|sev-snp|the supported processors|hardware support|hardware compatibility"
KEYS["hardware"] = "intel|amd|tdx|sev-snp|nvidia|supported hardware|supported cpu|compatible processors|processor list|tdx support|sev support|hardware requirements|h100|xeon|epyc"
ACTIONS["hardware"] = "use intel tdx|use amd sev-snp|use an amd machine as an enclave|use an intel processor|run it on sev-snp|use my epyc server|choose a processor with an enclave|buy hardware for the confidential tier"
ASK["hardware"] = """
[which|what] [tees|enclaves|trusted execution environments|tee types|secure enclaves|kinds of tee|confidential hardware|enclave technologies] [are supported|are allowed|can i use|do you support|does cocoon support|work|does it support|are accepted|are there]
[does|will] [cocoon|it|the network] [support|work with|run on|accept] [intel tdx|tdx|amd sev-snp|sev-snp|amd|intel|nvidia confidential computing|snp|arm|sgx|my xeon|an epyc]
is [tdx|sev-snp|intel tdx|amd sev-snp|amd|snp|intel|nvidia] [supported|okay|enough|fine|allowed|accepted|possible|good enough]
which [hardware|processors|cpus|chips|servers|machines] [is|are] [supported|allowed|accepted|suitable|compatible|usable] [for confidential computing|for enclaves|for the confidential tier|]
[list|name|show] the [tees|enclaves|supported hardware|kinds of enclave|supported processors|compatible chips]
[intel|amd|tdx|sev-snp|nvidia] [support|supported|ok|works|compatible]
what [hardware|cpu|processor|machine|chip|server] do i need for [confidential work|the confidential tier|an enclave|a tee|trusted execution]
[my server has|i have|i own|i bought] [an amd epyc|an amd cpu|an intel xeon|an intel cpu|a tdx machine|a sev-snp machine|an h100], [is that supported|can it be an enclave|does that work|is it compatible|will it do]
which [vendors|makers|manufacturers|brands] of [processors|chips|hardware|enclaves] [do you support|are supported|work]
[intel or amd|amd or intel], which [one do i need|works|is supported]
what kinds of [enclave hardware|secure hardware|trusted hardware|tee hardware|tee] [are supported|work|can be used|does cocoon know]
can [an amd machine|an intel machine|a xeon|an epyc processor|an nvidia card|my nvidia gpu] be [used|attested|verified|an enclave]
hardware [requirements|support|compatibility] for [enclaves|tees|confidential work|the confidential tier]
on which [processors|chips|cpus] do [enclaves|the enclaves|tees] run
do you [check|verify|accept|support] [nvidia|gpu] evidence
is there support for [amd|intel|nvidia|tdx|snp] [enclaves|hardware|]
which [chips|cpus|processors] can [make|offer|provide] [a tee|an enclave]
what [brand|model|type] of [processor|cpu] [must|should] [a confidential provider|i] have
which trusted execution environment [technologies|products|flavours|variants] can be used
do i need [a special|a certain|a particular] [cpu|processor|chip|server] for [the enclave|a tee|confidential work]
does my [processor|cpu|server|hardware] [qualify|support this|fit] for [confidential|enclave] work
is [my old pc|a normal processor|my laptop cpu] able to be an enclave
what enclave [vendors|types|platforms] are [recognised|known|supported]
amd's or intel's confidential [virtual machines|technology], do [they|both] work
which [platforms|chip makers] are supported [for attestation|for tees|]
are there tees other than intel
tell me the supported tee [hardware|platforms|types|technologies]
"""

NAMES["attestation"] = "attestation|remote attestation|an attestation|attestation evidence|a verdict|the verdict|verdicts|a hardware quote|the quote|evidence"
KEYS["attestation"] = "attestation|verdict|remote attestation|hardware quote|evidence|prove provider|trust provider|genuine provider|nonce|provider identity check"
EVENTS["attestation"] = "a provider lies about its hardware|the provider runs other code|a provider pretends to have an enclave|the quote is fake|the provider fails the check"
ACTIONS["attestation"] = "check a provider|trust a provider|know that a provider is genuine|be sure that the enclave is real|verify the hardware of a provider|read a verdict|make sure the provider runs the right code"
ASK["attestation"] = """
how does [attestation|remote attestation] work
how [do i know|can i be sure|can i trust|do i check|can i tell] [that|] a provider [is honest|runs the right code|really uses a tee|is genuine|uses real hardware|really has an enclave]
why [do you need|is there|does cocoon need|do i need] attestation
how does a provider prove [itself|what it runs|that it is genuine|its hardware|its enclave|its identity|that it is trustworthy]
what does [the|a] verdict [mean|say|show|contain|tell me|list]
what [is in|are the steps of|is] [a|the] verdict
[why|how] [is|was] a provider [refused|accepted|rejected|checked|verified]
how does [the client|my client|one] [check|verify|trust|make sure of|examine] [a provider|the provider|the hardware|an enclave|the code of a provider]
[how|what] does [a|the] provider [show|prove|send|present] [that it is real|to be trusted|before the prompt|as evidence|to the client]
why should i trust [a provider|the provider|an unknown machine|a stranger's machine|the enclave of a stranger]
what is [checked|verified|proved|examined] before [a|my|the] prompt is sent
[could|can] a provider [fake|pretend to have|lie about] [its enclave|an enclave|its hardware|the tee]
what [proof|evidence|guarantee] [do i get|does a provider give|is there] that [the enclave is real|it is a real tee|the provider is genuine|the hardware is real]
[the page|the log|the client|cocoon run] [shows|prints|displays] a verdict, what [is that|does it tell me|should i read from it]
what happens [before|prior to] [my prompt is sent|sending a prompt|the first message]
how is [a provider|the hardware|an enclave|the enclave|a node] [checked|verified|authenticated|examined|proven]
who [checks|verifies|examines|inspects] [the providers|a provider|the enclave|the hardware of a provider]
what is a [quote|hardware quote|nonce] [for|here|in attestation|]
by what means does a provider [show|prove] that its [enclave|hardware|software] is [real|genuine|authentic|right]
what [tells|shows|convinces] me that the [remote machine|other side|provider's machine] is [trustworthy|what it claims|safe|real]
what does it mean that a provider is [attested|verified|proven]
[attestation|verdict], [what is that|please explain|in simple words|how does that go]
how can software prove [what it is|where it runs|that it runs in a tee]
does the provider have to [prove|show|identify] [anything|itself|something] first
how do you [know|verify|check] that [the code|the software] of a provider is [right|unchanged|correct|the real one]
is there a check of the provider [first|before i send something|before anything is sent]
i [got|see|received] a verdict [with many steps|for my answer|with a failed step|], [what is it|what does it mean|explain]
how would i [notice|detect|see] a fake [enclave|tee|provider|quote]
i do not [trust|know] the provider, what [protects me|makes it trustworthy|proves it is fine]
which steps does the client take to verify a provider
does a provider [identify|authenticate|legitimate] itself
what is the list of [passed and failed steps|checks] [about a provider|i see|]
"""

NAMES["encryption"] = "hpke|the encryption|encryption|a sealed envelope|the sealed prompt|end-to-end encryption|the cryptography|the cipher|post-quantum encryption|ml-kem|x25519|noise"
KEYS["encryption"] = "hpke|encryption|cipher|cryptography|algorithm|post-quantum|quantum computer|end-to-end|ml-kem|x25519|key exchange|sealed|noise protocol"
EVENTS["encryption"] = "somebody builds a quantum computer|the encryption is broken|a quantum computer attacks|somebody records the ciphertext"
ASK["encryption"] = """
how [is|are] my [prompt|prompts|data|messages|answers|requests] [encrypted|sealed|scrambled|enciphered]
[which|what] [encryption|cipher|cryptography|crypto|encryption algorithm|encryption scheme|cryptographic method] [is used|do you use|does cocoon use|protects my prompts|seals the prompts]
is [everything|it|my prompt|the traffic|the data|the connection] [encrypted|end-to-end encrypted|sealed|enciphered]
do you use [end-to-end encryption|encryption|post-quantum cryptography|aes|rsa|tls|hpke]
is [it|cocoon|the encryption|this] [quantum safe|post-quantum|safe against quantum computers|quantum resistant|future proof]
[will|could|can] a quantum computer [break|read|crack|decrypt] [this|my prompts|the encryption|old messages]
with [which|what] [key|algorithm|method|cipher|scheme] is [the prompt|my prompt|a prompt|the message] [sealed|encrypted|locked]
what [cryptographic|crypto] [primitives|algorithms|tools|library|standard] [do you use|are used|is it]
how strong is the [encryption|cipher|cryptography|crypto]
to which key is [the prompt|a prompt|my message] [sealed|encrypted]
what does sealed mean [here|for a prompt|exactly|]
what is the [sealing|encryption|key exchange] [scheme|method|algorithm|suite|standard]
[describe|explain] the [encryption|sealing|cryptography|key exchange] [of prompts|used here|]
what [scrambles|locks|encrypts|seals] [my text|my words|the prompt|my messages]
which standard is used to [seal|encrypt] [prompts|messages|requests]
by [which|what] [method|technique|algorithm] are [prompts|messages|requests] [encrypted|sealed|scrambled]
who has the key [that opens|to decrypt|to] [my prompt|the sealed prompt|the envelope]
is the [connection|transport|stream|link] encrypted [too|as well|with noise|]
can the ciphertext be [decrypted|cracked|broken|opened]
are prompts sent in [plain text|clear text|the clear]
[aes or rsa|rsa or elliptic curves], what do you [use|encrypt with]
what is [ml-kem|x25519|hpke] [used for|doing here|for]
the math that protects messages, [which is it|what is it]
what kind of [lock|envelope|seal] is put on [my prompt|a prompt|the message]
how does a prompt get [encrypted|sealed] before it [leaves|is sent]
encrypted how
where does the decryption key live
i study cryptography, which [constructions|algorithms|primitives] are [inside|in cocoon|used]
are you using [modern|strong|good|real] cryptography
which key exchange [does cocoon use|is used|protects prompts]
"""

NAMES["tiers"] = "the tiers|an assurance tier|assurance tiers|the three tiers|a tier|the confidential tier|the open tier|the simulated tier|the levels of assurance|the assurance levels|the trust levels"
KEYS["tiers"] = "tiers|tier|open tier|simulated tier|confidential tier|assurance levels|levels|difference tiers|trust levels|modes"
ASK["tiers"] = """
[which|what] [tiers|levels|assurance tiers|levels of assurance|trust levels] [are there|exist|do you have|can i choose|does cocoon have|are offered]
how many [tiers|levels|assurance levels|kinds of assurance|trust levels] [are there|exist|do you have|does cocoon know]
what does the [open|simulated|confidential] [tier|level] mean
what is the [difference|distinction] between [open and confidential|confidential and open|simulated and confidential|the tiers|the open tier and the confidential one|simulated and open]
[list|name|enumerate|show] the [tiers|assurance tiers|levels of assurance|trust levels]
my [answer|provider|offer] [says|shows|is marked] [open|simulated|tier open|tier simulated], what does that mean
[is|are] there [different|several|other] [levels|grades|tiers|degrees] of [assurance|security|trust|protection]
what does it mean when [an answer|a provider|an offer] is [open|simulated|confidential|marked open|called simulated]
[open|simulated|confidential], [open or confidential|what is the difference|which is which|what do these mean]
which tier [should i choose|is the best|is the safest|has no enclave|is for testnets|uses real hardware]
what [assurance|security|trust] [levels|tiers|classes|categories] [do providers have|exist|can a provider have]
what is [an open|a simulated|a confidential] provider
can i use cocoon without [an enclave|a tee|trusted hardware]
does a provider without [a tee|an enclave] [exist|work|count]
how is the [level|tier|grade] of [assurance|trust|an answer|a provider] [called|shown|displayed]
what [categories|classes|kinds|types] of [providers|answers|assurance|trust] [exist|are there]
is the tier [always|ever] [shown|visible|displayed]
explain the [three|different|various] [tiers|levels|assurance levels]
when is [an answer|a provider] called [confidential|open|simulated]
what tier do [testnets|software enclaves|machines without a tee|providers with no enclave] [have|get]
are all providers [equally|just as] [safe|trusted|secure]
[in the offer list|in the page|next to my answer] i see a tier, what are [the options|the possible values|the choices]
what are the [possible|available] [values|names|options] [of|for] [tier|the tier|assurance]
in which [grades|classes|levels] is trust [divided|shown|sorted]
assurance comes in which [levels|forms|grades]
what separates an open provider from a confidential [one|provider]
how do [the tiers|open and simulated|these levels] differ
is simulated [safe|as good as confidential|real]
"""

NAMES["spotcheck"] = "a spot check|spot checks|spot-checking|re-execution|a swapped model|model substitution"
KEYS["spotcheck"] = "spot check|swapped model|wrong model|fake model|smaller model|cheat model|substitute|re-execution|model fraud|counterfeit model"
EVENTS["spotcheck"] = "a provider serves another model|the provider secretly uses a smaller model|the model was swapped|a provider lies about the model|i get answers from a cheaper model|somebody replaces the model|a provider cheats with the model|the answers come from the wrong model"
ACTIONS["spotcheck"] = "detect a fake model|catch a provider that swapped the model|find out which model really answered|notice a smaller model|prove that the model is the right one|check that i get the model i paid for|do a spot check"
ASK["spotcheck"] = """
how do spot checks work
what if a provider [uses|serves|runs|sends] [another model|a smaller model|the wrong model|a fake model|a cheaper model|a worse model]
how do you [catch|find|detect|notice|expose] [a wrong model|a fake answer|a fake model|a swapped model|a model swap|a provider that serves a smaller model]
can a provider [lie about|swap|replace|fake|exchange|substitute] the model
could [somebody|a provider|they] [secretly|quietly|silently] [serve|give|sell|send] me [a smaller|another|a cheaper|a worse|a different] model
how [would|can|could|do] i [notice|know|tell|see|find out] [that|if|whether] the model [was swapped|is the wrong one|is really the one i paid for|is fake|is a cheaper one|was replaced]
what [stops|keeps|prevents] a provider from [serving|using|running|sending] [a smaller model|another model|a cheap copy|a fake model|the wrong model]
[i suspect|i think|i believe] [the provider|my provider|they] [uses|serves|swapped|runs] [a smaller model|another model|a fake model|a weaker model]
is there a [check|test|control|safeguard] against [swapped models|fake models|model cheating|a substituted model|wrong models]
what is the [use|purpose|point] of [a spot check|spot checks|re-execution|repeating the work]
do i [really|truly] get the [big model|model i asked for|model i paid for|real model|right model|promised model]
i paid for a [large|big|good] model but [got|received] a [small|tiny|bad|cheap] one
they [promise|advertise|claim] a [big|large] model, but [what if|maybe] they [run|use] a [small|tiny|cheaper] one
how is a [liar|cheating provider|dishonest provider] [caught|found|exposed] when it [fakes|swaps|replaces|changes] the model
who [checks|verifies|controls] that the [right|promised|correct] model [is used|was used|answers|computed this]
can i [ask|pay] for the same work twice [and compare|to compare|to check]
what is re-execution [for|good for|]
how does one [compare|check] two answers of [different|two] providers
a [cheap|smaller|fake|different] [substitute|replacement|copy] of the model: [would anyone notice|how is it found|is it detected]
how are [model swaps|fake models|substitutes|wrong models] [detected|found|noticed|caught|discovered]
does [anyone|someone|the client] [recompute|repeat|redo|double check] the [answer|work|result]
is the model behind the answer really the [right|promised|claimed] one
cheating with [the model|models|a smaller model], [is that possible|can it be seen|how do you find out]
suppose i get [junk|nonsense|poor answers] because [the model was exchanged|a weaker model is used]
how do i avoid [being served|getting] [a wrong|a cheaper|an inferior] model
bait and switch with models
"""

NAMES["currency"] = "ton|the ton coin|the open network|the currency|the coin|the token people pay with|the blockchain|the chain|the cryptocurrency"
KEYS["currency"] = "currency|coin|ton|blockchain|chain|cryptocurrency|pay with|bitcoin or ton|payment method|money type|credit card"
ACTIONS["currency"] = "pay with dollars|pay with a credit card|pay in bitcoin|pay with ton|choose a currency"
ASK["currency"] = """
[which|what] [coin|currency|money|cryptocurrency|blockchain|chain|crypto] [is used|do you use|does cocoon use|do i pay with|is it paid in|do i need|does it run on|is this based on|is it settled on|is involved]
[can|could] i pay [with|in|by] [ton|dollars|euros|bitcoin|credit card|ethereum|usdt|cash|paypal|my card]
what do i pay with
what [does|is] ton [mean|stand for|]
in [what|which] [currency|coin|money] are [payments|answers|providers] [made|paid|settled]
[which|what] blockchain [sits underneath|is underneath|is behind it|is below this|settles the payments]
do you [accept|take|use] [bitcoin|ethereum|dollars|credit cards|ton|solana|crypto|visa|real money]
on [which|what] [chain|blockchain|ledger] [does the settlement run|are payments settled|is the money|are the contracts|does it settle]
what kind of [money|coin|wallet|crypto|currency] do i need [to pay|for payments|]
which [coins|cryptocurrencies|currencies] are [accepted|supported|possible|used]
is [it|cocoon|this] [based on|built on|running on] [ethereum|bitcoin|solana|ton|a blockchain]
name the [coin|currency|blockchain|cryptocurrency] [used for payments|that is used|]
does it [use|have] its own [coin|token|cryptocurrency|currency|blockchain]
are payments in [dollars|euros|crypto|ton|coins|bitcoin]
[my wallet holds|i have|i only have] [bitcoin|ethereum|ton|dollars|euros], [can i pay|is that the right coin|is it accepted|can i use that]
what is the [means|medium|unit|method] of payment
which [crypto|coins|money] must i [buy|own|hold|have|get] [to use this|first|before i start|]
is there a [cryptocurrency|coin|blockchain|chain] involved
in which coin [am i|are providers|does one get] paid
what will be taken from my wallet, [which coin|which currency]
dollars or crypto
what [money|currency|coin] changes hands
the [coin|currency|money] that [moves|is used|circulates] in cocoon [is what|is called what]
what are [answers|tokens|requests] paid with
which ledger [keeps|records] the payments
where is the money [settled|recorded], on which [chain|network]
"""

NAMES["price"] = "the price|the pricing|prices|pricing|the cost|costs|the fee|fees|the tariff|the rate|a nanoton|the unit of the price"
KEYS["price"] = "price|cost|how much|pricing|fees|cheap|expensive|price list|rates|charges|bill|nanoton|tariff|price per token"
EVENTS["price"] = "the price is too high|a provider raises its price|i want a cheaper answer"
ACTIONS["price"] = "set my price|find a cheap provider|see what an answer costs|set the price of my node|lower the price|compare prices"
ASK["price"] = """
how much does [it|a token|an answer|a request|cocoon|a prompt|using cocoon|one question|this] cost
who [sets|decides|fixes|chooses|makes|determines] the [price|prices|fees|rates]
what [does it|does an answer|does a request|will it|does a prompt|would a question] cost [me|]
how are [prices|costs|the prices|fees] [set|decided|made|chosen|calculated|determined|formed|counted]
is [it|cocoon|this|an answer] [expensive|cheap|free|costly|affordable|free of charge]
[what are the|tell me the|show me the|list the] [costs|prices|fees|rates|charges]
what [will|would] i be charged [for an answer|for a question|per token|]
do i have to pay [a lot|much|anything|something|] [to use this|for an answer|]
what do [providers|people|gpu owners] [charge|ask|take] [for an answer|per token|for tokens|]
in what unit [is the price|are prices] [given|counted|measured|written]
is there a [fixed|global|flat|standard|monthly] [price|fee|rate|subscription]
can i [set|choose|change|name] [my own|the] [price|prices|rates] [as a provider|for my node|]
am i [charged|billed] [per token|by the hour|per request|per month|by the minute]
what is the [going|usual|current|average] [rate|price] [of a token|for tokens|]
how [expensive|costly|cheap|dear] [is|are] [an answer|it|a million tokens|answers|a long prompt]
why does [one provider|this provider|that provider] [cost|charge] [more|less] than [another|others]
do [cached|prompt|completion|input|output] tokens cost [the same|less|more|extra|something]
how does [billing|pricing|charging] work
what is the price [per token|of a request|of one answer|for a thousand tokens|model|list|]
who decides what [an answer costs|i pay|a token costs]
i want to know the [costs|price|fees] [before i ask|in advance|first|of an answer]
how much [money|ton] [is|does|will] [an answer|one question|a chat|a conversation] [cost|be|need]
is there a price [cap|limit|ceiling] [i can set|for my requests|]
can prices [change|rise|go up|fall|vary]
how much per million tokens
what is the bill for a [long|short|typical] [answer|chat|question]
[cheapest|lowest] [price|offer|provider], how do i get [that|it]
what do i owe for [one|an] answer
what amount is charged for [input|output] tokens
asking a question here, what does it cost
"""

NAMES["voucher"] = "a voucher|vouchers|a payment voucher|the voucher|a signed voucher|the word voucher|the term voucher"
KEYS["voucher"] = "voucher|vouchers|voucher meaning|signed voucher|voucher amount|newest voucher|voucher content|cumulative voucher"
EVENTS["voucher"] = "my node waits for a voucher|a voucher is missing|a voucher is used twice|i lose a voucher|an old voucher is shown again"
ACTIONS["voucher"] = "sign a voucher|use a voucher|send a voucher|read a voucher"
ASK["voucher"] = """
what [are|do] vouchers [for|do|good for|mean]
[why|when] does [the provider|a provider|my node|the client] [need|ask for|want|sign|send] a voucher
what does [a|the] voucher [say|state|contain|mean|hold|do|promise|prove]
how do vouchers work
who [signs|writes|makes|creates|issues|sends] [a voucher|the vouchers|vouchers]
the [log|page|screen|documentation|status] [mentions|shows|talks about|says] a voucher, what [is it|on earth is it|is that|does it mean]
what is [this|that] voucher [in the log|about|for|thing|]
[do|must|when do] i [sign|send|need] [a voucher|vouchers]
what [role|part] do vouchers [have|play]
how [are|do] vouchers [used|function|made|signed]
what is [written|stated|inside|contained] [in|on] a voucher
is a voucher [a coupon|a discount|like a cheque|money|a gift card|a promise to pay|a transaction|a coin]
can [a voucher|an old voucher|the same voucher] be [used|spent|cashed] twice
what is the [purpose|function|meaning|point|use|job] of [a voucher|vouchers]
how many vouchers [are signed|do i need|does the client sign] [for one answer|]
what does [my client|the client] sign before [each|every] chunk
what [note|paper|promise|message] is signed before each chunk [of tokens|]
vouchers, [why|what for|what is that|how do they function|explain]
what amount does a voucher [state|carry|name|show]
where do vouchers come from
[explain|describe|define] [vouchers|a voucher|the voucher system|what a voucher is]
voucher [explained|definition|in simple words|purpose]
do vouchers [go|get sent] to the chain
are vouchers [signed|worth money|money|sent for each chunk]
what do people mean when they [say|talk about] vouchers [in cocoon|]
what should i [understand by|know about] [a voucher|vouchers]
my client keeps signing vouchers, [why|what are they]
the provider [wants|asked for|demands] a new voucher
a cumulative [promise|note], what is it called and how does it work
is a voucher the same as a [receipt|coupon|payment]
"""
