"""Fact wordings of the last leg of the training: everyday and formal speech; notation of questions_a.py."""

LATE = {}
LATE["what"] = """
[alright|okay|hello there], [fill me in|bring me up to speed|enlighten me] [on|about] cocoon
[what would|how would] [an expert|you|a salesman] [tell|explain to] a [stranger|layman|investor] about [cocoon|this project]
[what's|what is] the deal with [cocoon|this network|this project]
in [layman's|everyday|human] terms, what [is cocoon|does this network do|is going on here]
[please|kindly] [state|outline] [the nature|the purpose|the scope] of [cocoon|the project|the network]
i would [appreciate|welcome|love] a [short|brief|concise] [explanation|summary|introduction|account] of [cocoon|this project]
[is|isn't] cocoon [some kind of|a sort of|a type of] [ai network|marketplace|cloud|computing network]
[what|which] [thing|service|product] am i [dealing with|looking at|signing up for]
why does the world need [cocoon|this|such a network]
[paint|draw] me a picture of [what cocoon is|this project]
cocoon: [purpose|meaning|concept] and [use|idea]
what can [a normal person|somebody like me|a developer|my company] [get out of|do with|expect from] cocoon
"""
LATE["coordinator"] = """
who [pulls the strings|has the upper hand|wears the crown|makes the rules|keeps control|is at the helm] [here|in this network|of cocoon]
is there [somebody|someone|anybody] [i can hold responsible|at the wheel|with absolute power|steering the network]
[please|kindly] [name|tell me|state] the [operator|owner|responsible company|controlling party] of the network
is the network [independent|self governing|autonomous|ownerless|leaderless|free of a boss]
do i [hand over|give] [control|power] to a [company|platform|corporation]
[can|may] a [platform owner|single operator|ceo|board] [ban me|lock me out|change the rules|switch it off]
[which|what] [enterprise|vendor|business|group] is [running|behind|operating|backing] the [whole|entire] [thing|network|show]
what happens to the network [without|if there is no] [leader|owner|operator|company]
[central|single] [authority|point of control|operator|owner]: [yes or no|does it exist|is there one]
who [watches over|is accountable for|takes care of|presides over] the [network|peers|system]
is it [like|just like] [uber|airbnb|a cloud provider] with [a company|an owner] in the [middle|centre]
[nobody|who] [is|being] in charge, [is that true|really|right]
"""
LATE["privacy"] = """
[can|will|could] [strangers|nosy people|the seller|whoever runs the machine|the hardware guy] [sniff|snoop|pry|nose] [around|] in [my prompts|my chats|what i write|my messages]
[does|will] [anybody|anyone|somebody|someone] [else|other than me] [get to know|find out|get wind of|discover] what i [ask|type|write|talk about]
i [value|care about|insist on] [my privacy|confidentiality|discretion], [what can you promise|is that respected|how is it handled]
[please|kindly] [clarify|state|confirm] whether [my prompts|user inputs|conversations] are [stored|disclosed|accessible to others|read by third parties]
[do|does] [you|the system|the node|a provider] [keep|make|write] [a diary|logs|records|transcripts|notes] of [what is said|conversations|my prompts|the chat]
is there [a way|a chance|any possibility] [for|that] [the gpu owner|the host|others] [to read along|to read my text|reads along]
[are|were] my [secrets|private thoughts|business plans|personal details] [safe|in good hands|protected] [with you|here|when i type them|]
[after|once] [the chat|my request] is [over|finished|done], [is my text deleted|what remains of my text|is anything kept|who still has my words]
[reading|seeing|viewing] [my prompt|the answer]: who [is able|is allowed|has the right] to
[would|could] my [competitor|enemy|ex|neighbour] be able to [see|read] my [chats|questions] if he [owned|ran] the [machine|gpu|provider]
how [well|good|safely] [are|is] my [words|data|messages|input] [kept secret|guarded|hidden|protected from view]
[nobody else|no one but me|only me], [reads this|sees this|knows this], right
"""
LATE["tee"] = """
[please|kindly] [spell out|expand|define] [tee|the term tee|the abbreviation tee]
what [do|does] [people|experts|you|the docs] mean [by|when they say] [enclave|tee|trusted execution environment]
[an enclave|a tee], [how would you put that simply|in everyday words|for a child]
what makes [an enclave|a tee] [so private|secure|trustworthy|special|different]
i [do not get|cannot follow|am lost with] this [enclave|tee] [business|stuff|thing|talk]
is [an enclave|a tee] [something physical|hardware|like a locked room|like a safe] [inside the computer|]
how [come|is it that] [the owner|root|the administrator] cannot [spy on|see into|read] [a tee|an enclave]
[tell|teach] me the [basics|abc] of [enclaves|tees|trusted execution environments]
[what|which] [part|area|region] of the [machine|computer] is [locked|protected|encrypted|off limits] even for its owner
[short|quick|one line] [definition|explanation] of [enclave|tee|trusted execution environment]
what is [hidden|kept|going on] [inside|in] [an enclave|a tee|the protected area]
[full name|long form|meaning] of tee
"""
LATE["hardware"] = """
[what|which] [silicon|gear|kit|equipment|chip] [do i have to buy|must i own|should i get|is required] [to offer|for] [a confidential node|enclaves|the confidential tier|a tee]
[please|kindly] [list|name|state] the [supported|compatible|accepted] [tees|enclave technologies|processors|platforms]
does it [have|need] to be [intel|amd|nvidia] [or|] [does another brand work|or can it be something else|]
[our|my] [data center|company|lab] has [amd|intel|nvidia|xeon|epyc] [servers|machines|boxes], [are we good to go|will that do|is that fine|can we join as confidential]
[tdx|sev-snp|sev|sgx] [okay|supported|works|fine|yes or no]
[what|which] [flavour|variety|brand|make|sort] of [tee|enclave|trusted hardware] [does it take|is understood|works here|can i use]
is there [support|a driver|room] for [amd|intel|nvidia|tdx|sev-snp] [chips|enclaves|gpus|evidence]
can i [go|get along|manage] with an [intel|amd] [processor|chip|cpu|machine]
[confidential|trusted|secure] hardware: which [ones|vendors|types] [count|are allowed|work]
which [secure processors|cpus with enclaves|confidential machines] does the network [accept|know|take]
"""
LATE["attestation"] = """
[please|kindly] [describe|outline|explain] how [a provider|the provider|a node] is [authenticated|verified|vetted|validated] [before use|first|]
how [on earth|in the world|] [do|can] i [trust|believe|rely on] [a random|some unknown|a stranger's|somebody's] [machine|provider|server|computer]
[what|which] [tests|checks|hurdles|examinations] must a [provider|seller|node] [pass|clear|survive] [before it gets my prompt|]
how is it [ensured|guaranteed|made sure] that [the provider|the machine] [really|actually] [runs an enclave|is a tee|has the right code|is not lying]
the [client|program] [says|shows] [verdict|verdict ok|verdict failed], [can you explain that|why|what was checked]
who [inspects|tests|audits|vets] the [hardware|enclave|machine] of a [provider|seller]
[proof|evidence] of [genuine hardware|a real enclave|honest code]: how is it [given|delivered|checked]
[trust me|just trust us] is not enough, [what proof is there|how is a provider checked|what does the provider prove]
[how|in what manner] does [the machine at the other end|a remote node|a provider] [earn my trust|show its papers|identify itself|prove its honesty]
what does [attestation|the verdict] [actually|really] [do|prove|check|tell me]
is [someone|the client|anyone] [checking|verifying] the [provider|enclave|hardware] [before|at all]
"""
LATE["encryption"] = """
[what|which] [kind of|sort of|] [crypto|encryption|cryptography|math] [guards|secures|protects|wraps|covers] [my messages|what i send|my prompt|the stuff i type]
[please|kindly] [specify|state|name] the [cryptographic|encryption] [algorithms|scheme|standard|primitives] [in use|used for prompts|]
[do|does] [you|cocoon|it] [scramble|encrypt|encipher|seal] [my prompts|what i send|messages] and [how|with which method|with what]
[is|will] [the encryption|it] [hold|be safe|be strong enough|survive] [against|when there are] [quantum machines|quantum computers|future computers]
which [lock|cipher|key] is [put on|used for|applied to] [my message|the prompt|my text] [before it goes out|in transit|]
[end to end|transport|prompt] encryption: [how is it done|which algorithm|what is used]
how [are|is] [messages|data|text] [made unreadable|locked|turned into ciphertext|secured in transit]
i [am a cryptographer|know cryptography|care about crypto], [tell me the algorithms|what do you use|which scheme seals the prompt]
[the sealing|encryption] of [prompts|messages], [technically|in technical terms|which standard]
can [a spy|an eavesdropper|the wifi owner|my provider of internet] [decrypt|decode|decipher] [my messages|what i send|the packets]
"""
LATE["tiers"] = """
[what|which] [kinds|sorts|types|grades] of [assurance|trust|guarantee] [are on offer|can i pick|do you distinguish|exist]
[please|kindly] [explain|list|describe] the [assurance|trust] [tiers|levels|categories]
how do [confidential|open|simulated] [and|versus] [simulated|confidential|open] [providers|answers|tiers] [differ|compare]
[what|which] [levels|steps|ranks] of [security|trust|assurance] [do providers come in|can an offer have|are shown]
[what's|what is] the [meaning|significance] of [open|simulated|confidential] [in the tier column|as a tier|on an offer]
[is|are] there [more than one|several|different] [kind|kinds] of [tier|assurance|trust level]
[tier|tiers], [what are they|how many|which ones|what do they say]
[if|when] [a node|a provider] has no [enclave|tee|special hardware], [which tier is it|how is it labelled|what is it called]
[the assurance|the trust] [ladder|scale|ranking], [how does it look|what are its steps]
why is my [answer|offer|provider] [only|just] [open|simulated]
[name|give me] the three [tiers|assurance levels|levels of trust]
"""
LATE["spotcheck"] = """
[they|the seller|the provider] could [simply|easily|just] [run|use|give me] [something cheaper|a weaker model|an inferior model|a dumber ai], [couldn't they|how is that stopped|who would know]
[please|kindly] [explain|describe] how [a substituted|a false|a swapped|an incorrect] model is [detected|discovered|identified]
[what|who] [guarantees|ensures|makes sure] that [the model i picked|the right model|the advertised model] [is used|answers|is really running]
[am i|are we] [fooled|tricked|cheated] when a provider [swaps|replaces|exchanges] the model
[could|might] [my answer|the text] [have come|come] from [another|a cheaper|the wrong|a smaller] model
how do i [unmask|expose|recognise|catch] a [seller|provider] that [uses|runs] [the wrong|a cheap|another] model
[does|will] [anyone|somebody|the network] [notice|find out|check] if the [weights|model] [are|is] [replaced|swapped|not the right one]
a [fake|cheap|swapped] model [behind|under] [the name of|a label of] [a big one|another]
[testing|checking|verifying] [which|that the right] model [gave|produced|computed] [an answer|my answer]
[running|doing] the same [request|job|prompt] [twice|again elsewhere] to [compare|be sure], [is that done|how does that go]
"""
LATE["currency"] = """
[what|which] [sort of|kind of|] [money|coins|crypto|currency] [do you take|does cocoon take|do i need in my wallet|is required|works here]
[please|kindly] [state|specify|name] the [currency|coin|blockchain] [used|in which payments are made|]
[can|may] i [use|spend|pay with] my [bitcoin|ether|dollars|euros|credit card|dogecoin|paypal account]
[what|which] [wallet|chain|coin] [do|should|must] i [set up|get|choose] [to pay|for this|to get paid]
[is|are] [everything|answers|work|services] [priced|paid|settled] in [ton|crypto|coins|dollars]
[on|with] [which|what] [chain|ledger|blockchain|coin] do you [operate|settle|work]
[the|your] [currency|coin|blockchain] [is|would be] [what|which one]
do [customers|clients|people] pay [in|with] [real dollars|crypto|tokens|coins|ton]
[what|which] [crypto|coin|money] [lands|arrives|ends up] in a provider's [wallet|pocket]
how do i pay, [in bitcoin|with a card|in cash|by bank transfer] or [what|how else]
"""
LATE["price"] = """
[what|how much] [am i looking at|would it set me back|do i shell out|must i spend] [for an answer|per question|for a chat|]
[please|kindly] [state|explain|describe] [how prices are formed|the pricing model|what an answer costs|how charges are computed]
[how|by whom] [is|are] the [price|prices|rate|fees] [arrived at|fixed|set|negotiated|decided]
[what's|what is] the [damage|cost|rate|charge] [for a|per] [question|answer|token|request]
is it [pay per use|a flat rate|a subscription|charged by token|free]
[who|what] [puts a price on|prices|decides the price of] [tokens|answers|the work]
how do [prices|costs|charges] [work|come about|get calculated] [on this network|here|]
[tell|show] me [the price|what it costs|the rates|how pricing works] [before i start|]
[in what|which] [unit|units|measure] [are|is] [prices|the price|the cost] [quoted|expressed|counted|stated]
can i [say|set|fix] [the most i want to pay|a maximum price|a price limit]
will it be [pricey|cheap|costly|expensive] to [ask a lot|use it daily|send long prompts]
"""
LATE["voucher"] = """
[please|kindly] [define|explain|describe] the [term|concept|role of the] voucher
[what's|what is] [that|this|a] voucher [thing|business|stuff] [about|all about|i keep seeing|]
[why|what for] [are|do] [all these|so many] vouchers [signed|sent|needed|fly around]
[what|which] [data|amount|information|number] [is|stands] [on|in] [a|each] voucher
vouchers [are what|mean what|serve which purpose]
in what way [does|do] [a voucher|vouchers] [help|work|pay the provider]
[my|the] [log|screen|terminal] is full of vouchers, [what gives|what are they|explain]
what [exactly|precisely] [am i|is the client|is my program] signing [with|in] each voucher
[does|is] a voucher [count|considered] as [payment|money|a transfer]
[voucher|vouchers], [your explanation please|i have no clue|say what]
"""
LATE["channel"] = """
[please|kindly] [define|explain|describe] [the payment channel|the role of the deposit|what a channel is]
[will|do] i [ever|] [see|get] [the rest of my money|my deposit|the unspent part|what is left] [again|back|returned]
[what's|what is] [this|that|a|the] [channel|payment channel|deposit] [thing|business|stuff] [about|for|]
[why|what for] do i [need|have] to [put down|lock|leave|make] [a deposit|some money|coins]
[my|the] [leftover|remaining|unused|unspent] [deposit|balance|money|funds], [where does it go|who gets it|is it lost|what about it]
in what way [is|are] [a channel|payment channels|the contract] [helping|useful|used]
[what|which] [agreement|smart contract|arrangement] [holds|keeps|stores] the [client's|customer's|buyer's] money
how do i [cash out|end|close|wind up] [a channel|my channel] and [get my money|what then]
[is|does] the [channel|contract] [keep|hold] [my money|the deposit] [safely|until the end|]
[between|for] [one client and one provider|buyer and seller] there is a [contract|channel], [tell me more about it|how does that go|why]
"""
LATE["loss"] = """
[how badly|how much|to what extent] can [i|one|a user|a provider] [get burned|be hurt|be damaged|get scammed|get fleeced] [financially|by a cheater|]
[please|kindly] [state|quantify|tell me] the [maximum|worst] [loss|damage|exposure] [for either side|for a client|]
[say|suppose] [they|he|the other party] [run off|disappear|vanish] with my [money|payment|ton|coins], how [much|bad] is [it|that|the loss]
[what|how much] do i [stand to lose|put at risk|gamble|risk] [with a stranger|when dealing with a crook|at most]
[in case of|with|after] [fraud|cheating|theft|a scam], [what is lost|how much is gone|what is the damage]
[what|how much] [can|could] [a bad guy|a fraud|a swindler|a rogue provider|a cheating client] [walk away with|make off with|get out of me]
is my [whole|entire] [wallet|deposit|balance] at risk [if i meet a cheater|when the provider is dishonest|]
[being|getting] [cheated|scammed|robbed|ripped off]: what does it cost me [at most|in the worst case|]
[limit|bound|cap] of [damage|loss|theft] [when someone cheats|per cheater|]
[what if|suppose] [nobody pays me|i work for nothing|i compute and they never pay], how [much|big] is [the loss|that]
"""
LATE["receipt"] = """
[please|kindly] [list|describe|state] the [contents|content|fields|elements] of a receipt
[what's|what is] [that|this|the] receipt [thing|business|stuff] [i got|for|about|]
[what|which] [things|facts|data|numbers] [can i read|do i find|are there|stand] [in|on] [a|my|the] receipt
i [got|received|was given] a receipt, [now what is it|what does it say|what is it for|please explain]
[do|will] i have [anything|something] [in hand|on paper|to show] [after|for] [an answer|my payment]
[receipt|receipts], [what purpose|what is inside|explain the content]
how do you [document|record|certify] [an answer|what was delivered|a finished job]
[is|does] the [text|prompt|answer] [part of|appear in] [a receipt|my receipt]
[what|which] [record|proof|trace] do [both sides|client and provider] [keep|sign|hold] [of an answer|afterwards|]
in what way is a receipt [useful|proof|anchored|made]
"""
LATE["verify"] = """
[please|kindly] [tell me|state|name] the [command|procedure] [for|to] [verifying|verify|validate|validating] [a receipt|receipts]
how [do|can|would] [i|we|an accountant|my boss] [make sure|be certain|be sure|convince ourselves] [this|a|the] receipt is [legit|right|genuine|no fake|in order]
[what|which] [magic words|line|thing] do i [type|enter|put in the terminal] to [check|verify|validate|test] [a|my] receipt
[legit|genuine|valid|real] receipt or [not|fake|forgery], how do i [know|tell|check|find out]
i [got|was sent|found|received] a receipt and want to [check|verify|test|validate] it
[checking|verifying|testing|validating] [my|a|some] receipt, [what do i do|how|which command]
can [anybody|everyone|someone without an account] [check|verify|test] [a|my] receipt
[run|do] a [check|test|validation|verification] [of|on] [my|a|this] receipt
[somebody|he|the seller] may have [forged|faked|changed|edited] [this|the|my] receipt, how do i [see|check|find out]
"""
LATE["failover"] = """
[the|my] [provider|seller|machine|node] [kicks the bucket|conks out|bites the dust|goes bust|blows up|gives up the ghost] [mid answer|during my answer|halfway|], [what now|what then|what about my text]
[please|kindly] [explain|describe] what [happens|occurs] when [a provider fails|a node becomes unavailable|the provider is lost] [during a request|in mid stream|]
[everything|my answer|the text] [stops|freezes|cuts out] because [the machine died|the provider left|the power failed], [is that it|do i get the rest|what comes next]
do i [get|receive] [the rest|a full answer|the end of the text] [if|when|even if] the [provider|machine|seller] [is gone|dies|breaks down|quits]
what's the [plan|procedure|backup plan] [for|when] [a provider dies|machines fail|a crash happens|the gpu burns out]
[lost|losing] [the provider|the connection|the node] [mid answer|halfway through|while it streams]
[will|does] [something|someone|another machine|the network] [step in|take over|help out|continue] [if|when] [my provider|the node|the gpu] [fails|dies|is down]
[unplug|kill|stop|crash] [the provider|the node|a machine] [while it answers|mid stream|], what do i [see|notice|lose]
[is|are] [an outage|a crash|downtime|a dead node] [a problem|the end of my answer|noticed]
[half|part] of [an answer|my text] [came|arrived] and [then|suddenly] [nothing|silence|the provider was gone]
"""
LATE["provider"] = """
[please|kindly] [explain|describe|state] how [one|i|we] [can become|becomes|joins as] a [provider|compute provider|seller]
[how|what] do i [go about|have to do about] [selling|renting out|sharing|offering] my [gpu|card|hardware|graphics card]
can my [pc|gaming rig|card|hardware|old server] [earn its keep|make a few coins|pay my bills|bring home the bacon|work for me]
[what's|what is] the [command|trick|way|quickest way] to [start selling|become a provider|earn with my gpu|get a node going|offer compute]
i [want|wish|would like] [in|to be in] as [a provider|a gpu owner|a seller], [how|what next|where do i sign]
[turn|make|convert] [this machine|my pc|my computer|my server] [into|] a [provider|node|money maker|seller]
[to|for] [earn|earning] [ton|coins|money], [what do i run|what must i do|which command]
[i'm|i am] [looking|hoping|planning] to [earn|make] [something|money|some ton] [with|from] my [gpu|graphics card|machine]
[gpu|hardware] owners [start|begin|join|earn] how
[set up|starting|running] a [provider|node] [for money|to earn|]: [what is needed|which command|how]
"""
LATE["client"] = """
[please|kindly] [state|tell me|explain] how [the client is started|one starts the client|to chat in the terminal]
[what's|what is] the [command|trick|way|quickest way] to [chat|start the client|talk to a model|use the network]
i [just|only|simply] want to [chat|talk|ask something|use it|get an answer], [how|what do i type|where do i begin|which command]
[get|have] me a [chat|prompt|conversation] in the [terminal|shell|console]
how do i [go about|get started with] [chatting|using the client|asking models things|being a customer]
[fire up|bring up|open|start] the [client|chat|light client], [how|which command]
[to|for] [use|using] [the network|cocoon] [as a customer|as a user|from home], [what do i run|which command|what is needed]
[no gpu|without a gpu|no hardware], [can i still use it|how do i use it|how do i ask something]
[terminal|console|shell] [junkie|fan|user] here, how do i [chat|talk to the model]
[is there|do you have] a [command|program|way] for [people who only ask|consumers|end users|buyers]
"""
LATE["openai"] = """
[please|kindly] [state|specify|give me] the [base url|api address|endpoint|port] [for openai clients|of the local api|]
[what|which] [url|address|endpoint|port] [goes|do i put|belongs] [into|in] my [app|sdk|config|code|settings]
[can|will|does] my [old|existing|current] [openai|gpt|chatgpt] [app|code|script|tool] [just work|keep working|work with cocoon|run against this]
how do i [make|get] my [app|program|code|bot] [talk to|use|speak to|work with] [cocoon|the network|the local api]
[where|on which address] [is|lives|sits|runs] the [api|openai compatible api|endpoint|http server]
[i'm|i am] [porting|moving|switching|migrating] [an app|my code|a bot] from openai, [what do i change|which url|what is needed]
is there [something|anything] [like|compatible with|similar to] the openai [api|sdk|endpoint]
[api|sdk|endpoint|port|url], [which one|what is it|where|how do i set it]
[programming|coding|developing] against [cocoon|the network]: which [address|api|url]
[streaming|tool calls|functions] [through|over|via] the [api|openai sdk], [supported|does it work|possible]
"""
LATE["testnet"] = """
[please|kindly] [state|explain] how [a local network|a test network|a testnet] is [started|created|set up]
[what's|what is] the [command|trick|way|quickest way] to [try everything|get a local network|test it at home|play with it]
can i [take it for a spin|give it a try|kick the tyres|mess around with it] [on my laptop|locally|without paying|for free|first]
[no real money|without real coins|risk free], [can i try it|how do i test|is there a way]
i want to [break|test|try|learn|demo] [things|it|the network|everything] [on my own machine|locally|at home|safely]
[a|my own] [little|small|private|local|toy] [cocoon|network|testnet] [on my laptop|at home|in a box|], [how|possible]
[fire up|bring up|boot|start] [a whole network|all the peers|everything] [here|locally|on this machine|at once]
[test|play|free|fake] [coins|money|ton]: where do [they come from|i get them]
[developing|building|testing] [an app|software] [against cocoon|locally], is there a [local network|testnet|dev mode]
"""
LATE["sim"] = """
[please|kindly] [explain|state] how [large networks are simulated|a simulation is run|thousands of peers can be simulated]
[what's|what is] the [command|tool|way] [to simulate|for simulating|to model] [the network|many peers|a crowd of nodes]
can i [pretend|imitate|fake|simulate] [a giant|a huge|an enormous|a massive] [network|swarm|crowd of peers]
[how|can i see how] [it|the network|the market] [behaves|does|copes] [with|under] [thousands|masses|hordes] of [peers|nodes|users]
i [write|do|need] [research|science|a paper|statistics] [on|about] [large networks|the protocol], [any tool|what do you offer|which command]
[same|identical|repeatable|reproducible] [runs|results|experiments] with [many|thousands of] peers
[simulate|model|imitate] [first|a lot|lots of nodes|everything at scale]
[without|instead of] [renting|buying] [a thousand|many] [machines|servers], how do i [study|test] [a big network|scale]
[virtual|simulated] [world|network|peers|time] [tool|command|please]
"""
LATE["doctor"] = """
[ugh|argh|damn|help], [nothing works|it is broken|my node is dead|i only get errors], [what now|what do i do|fix it please]
[please|kindly] [tell me|explain|advise] how [to diagnose|i can find|to locate] [a fault|the problem|an error|a misconfiguration]
[what's|what is] the [command|trick|way] to [find the error|see what is wrong|repair my setup|diagnose problems]
i [cannot|can't] [figure out|work out|see|tell] [what is wrong|why it fails|the error|the problem]
[my|the] [install|installation|node|setup|client] is [acting up|playing up|misbehaving|in trouble|a mess]
[could|can] [something|a tool|a command|you] [look at|examine|check over] my [machine|setup|config|configuration|network]
how [healthy|correct|good|okay] is my [setup|machine|node|configuration]
[stuck|desperate|lost] with [errors|my setup|the installation|my config]
[whom|what] do i [ask|run|use] when [it does not work|something fails|there is an error|my node is ill]
[fault|error|problem] [finding|search|diagnosis|report]
"""
LATE["bench"] = """
[please|kindly] [state|explain] how [performance|speed|throughput] [is measured|can be measured|may be tested]
[what's|what is] the [command|tool|way] [to test|for testing|to measure] [speed|performance|how fast it is]
how [snappy|swift|speedy|fast|performant] is [my machine|my gpu|this thing|my node]
[tell|show] me how [fast|quick] [my node|my gpu|this machine|the engine] is
can i [clock|time|race|stress] my [machine|gpu|node|server]
[speed|performance|tokens per second] of [my rig|my hardware|this box], [how do i see it|which command]
i [wonder|am curious|want to know] [how much speed|what throughput|how many tokens per second] [i get|my card gives|is possible]
[benchmarking|timing|measuring] [my node|my hardware|the engine], [how|with what|which command]
[numbers|figures|facts] about [speed|performance|latency] [on my machine|please|]
"""
LATE["discovery"] = """
[please|kindly] [explain|describe] how [peers|providers|nodes] are [located|discovered|found]
how [on earth|in the world|] do [machines|peers|strangers|nodes] [run into|come across|stumble upon|find] [each other|one another]
[no server|without a server|no central list], [so how|then how] do [peers|clients|nodes] [meet|find anyone|find a provider|connect]
[what's|what is] the [mechanism|magic|trick|technology] [behind|for] [finding|discovering|locating] [peers|providers|each other]
[where|how] does my [node|client] [look|search|go|ask] [for|to find] [peers|providers|others]
[peer|node|provider] [finding|search|lookup|location], [how|which protocol|explain]
who [knows|tells|says] [where everybody is|which nodes exist|where the providers are]
how [does|do] [word|offers|a new node|announcements] [get around|get out|become known|reach others]
[connecting|linking|networking] the peers: [which library|what technology|how]
"""
LATE["bids"] = """
[please|kindly] [explain|describe] how [batch jobs|jobs|batch work] [are awarded|are assigned|is allocated]
[a|one] [big|huge|giant] [pile|stack|load|heap] of [work|prompts|documents], [who does it|who takes it|how is it given out]
[how|in what way] do [providers|sellers] [fight|compete|battle|apply|bid] for [a job|jobs|batch work]
[what's|what is] the [procedure|process|way] [for|of] [auctioning|awarding|giving out] [jobs|work|batches]
i [have|need] [work|prompts] [done|processed] [by next week|any time|not in a hurry|overnight], [how do i post it|who will take it|how is it sold]
[who|which one] [wins|gets|lands|is given] [the job|the batch|the work|an auction]
[posting|submitting|sending] [a job|batch work|jobs] to [providers|the network], [what happens then|how]
[bidding|auctions|bids] on [jobs|batch work], [how|explain|what are the rules]
[is|was] the [choice|selection|award] [of the winner|of a provider|] [honest|fair|open to checks]
"""
LATE["reputation"] = """
[please|kindly] [explain|describe] how [reputation|the rating of providers|provider scoring] works
[what|who] [says|tells me|decides|knows] [which|whether a] [provider|seller|host] is [any good|decent|crap|top|worth it]
[do|does] [people|users|clients|anyone] [rate|grade|review|score] the [providers|sellers|hosts]
[good|bad|famous|notorious] [providers|sellers], how [are they|does my client] [known|recognised|know them]
[what's|what is] the [rating|score|reputation] [of|for] [a provider|providers|sellers] [based on|made from|]
can [reputation|a rating|a good score|stars] be [bought|faked|gamed|manipulated]
how [is|are] [trustworthiness|quality|reliability] of [providers|sellers|hosts] [scored|rated|tracked|remembered]
[ratings|scores|reviews|stars|grades] for [providers|sellers|hosts], [are there any|how|do they exist]
[my|the] client [prefers|avoids|likes|dislikes] [a provider|some providers|certain sellers], [why|based on what]
"""
LATE["language"] = """
[please|kindly] [state|name|tell me] the [programming language|implementation language|technology] [of the project|used|]
[what's|what is] [under the hood|the code base|the source language|the tech] [of cocoon|here|]
[what|which] language [did you pick|do you code in|is behind it|was it made with|is the code]
[can|may|could] i [have a look at|get my hands on|check out|see] the [code|source|sources]
[python|rust|java|go|javascript] [or not|perhaps|maybe], what is [it|cocoon|the code] [written in|made of]
[is|was] the [project|code|software] [made|done|written] in [typescript|rust|python|c]
[hacking|working|contributing] on the [code|source|project], [which language|what do i need to know]
[code|source|language]: [open or closed|what is it|which one]
what [did|do] the [programmers|authors|makers] [write it in|code in|use]
"""
LATE["budget"] = """
[please|kindly] [explain|state] how [spending|consumption|costs] can be [limited|capped|controlled]
how do i [rein in|curb|put a lid on|keep an eye on|tame] [spending|costs|my users|expenses]
[my|our] [users|customers|team|kids] [are going to|will|could|might] [ruin me|spend everything|cost a fortune|burn my ton]
[what's|what is] the [way|trick] to [cap|limit|restrict] [spending|what users cost|my users|a key]
[one|each|every] [user|key|customer|employee] [should not|must not|may not] [spend|cost|use] more than [i say|a limit|ten ton|a budget]
[hand out|give|create|make] [keys|limits|budgets|access] [for|to] [users|my team|customers|each app]
[set|fix|put] a [limit|cap|budget|maximum|ceiling] [on|for] [spending|each user|a key|my app|costs]
[can|could] [costs|spending|the bill] [run away|get out of hand|explode] with my [app|users], [how do i prevent that|what helps]
[spending|cost|user] [limits|caps|quotas], [how|possible|do you have them]
"""
LATE["models"] = """
[please|kindly] [list|name|state] the [models|model formats|model types] [that are supported|a node can serve|]
[what's|what is] [on the menu|available|supported|possible] [in terms of|as far as] [models|llms|ais]
[can|may|could] i [bring|plug in|drop in|throw in] my [own|favourite|custom|fine tuned] [model|llm|ai|weights]
[which|what] [brains|models|llms|ais] [can|do] [nodes|providers|machines] [run|host|offer|serve]
[what|which] [model|llm] [ships|comes|is used|runs] [by default|out of the box|at first]
[big|large|other|different|better] [models|llms], [possible|can i run them|how|are they supported]
[run|serve|host|use] [llama|qwen|mistral|gemma|a big model|my model|something bigger] [on my node|here|with cocoon|]
[hooking|plugging|connecting] [up|in] [vllm|sglang|an inference server], [possible|how|does it work]
[model|file] [format|formats|type], [which|what is accepted|onnx or what]
"""
