"""More wordings for every fact, in longer and more natural sentences; see questions_a.py for the notation."""

MORE = {}
MORE["what"] = """
[could|can|would] you [give|offer|provide] me [the gist|a rough idea|a quick rundown|the basics|a short intro] of [cocoon|this project|this thing|the network]
[what's|what is] the [story|thinking|motivation|reason|vision] behind [cocoon|this project|the network]
[why|for what reason] [was|is] cocoon [created|built|developed|designed|started|invented]
i [stumbled over|came across|saw|noticed] the name cocoon [yesterday|online|on a forum|in an article|], what [kind of thing|on earth|sort of animal] is [it|that]
[if you had to|please] [sum up|summarise|describe|pitch] [cocoon|this] in [one|a single|two] [sentence|sentences|line], what would you say
what [exactly|precisely|actually] [have you|did they|did someone] [built|made|created] here
what [advantage|benefit|value|use] does [cocoon|this network] [bring|have|give] [to me|to developers|to users|]
what are the [main|key|core|basic] [features|ideas|parts|properties] of cocoon
who [sells|buys] what on [cocoon|this network]
is cocoon [something|a place|a service] [where|that] [people rent ai|gpu owners sell answers|one can buy ai answers]
i have to [present|explain|introduce] cocoon [to my team|tomorrow|at work|to my class], what do i say
what [category|class] of [project|software] does cocoon [belong to|fall into]
[never heard of|new to|unfamiliar with] cocoon, [what does it do|what is this about|please explain]
for [newbies|beginners|outsiders]: what is [this project|cocoon] [all about|]
confidential ai [network|compute], is that what cocoon is
"""
MORE["coordinator"] = """
[which|what] [organization|organisation|institution|entity|person|corporation|party] has [authority|control|power|a say] over the [peers|network|nodes|whole thing]
is there [one|a single|any] [person|firm|company|organisation|entity] that [controls|governs|supervises|directs|steers|manages] the [peers|network|system]
does a [single firm|company|broker|third party|go-between|proxy] [sit|stand] between [me|us|the client] and the [gpu|provider|seller]
[suppose|what if|imagine] the [developers|founders|creators|inventors|makers] [quit|vanish|disappear|lose interest|go to prison], does the network [still run|survive|continue]
could [regulators|the state|a court|the police|a hoster|an attacker] [pull the plug on|take down|shut|seize|paralyse] the [network|system]
who [supervises|oversees|coordinates|directs|steers|commands|polices] the [peers|nodes|network|system]
is [ownership|control|power|authority|leadership] [centralised|spread out|distributed|in one hand|held by someone]
[what|which] [authority|body|institution] [is responsible|stands behind|sits on top]
is this [another|just a] [platform|service] [owned|run|operated] by a [corporation|big tech company|startup]
do the peers [obey|report to|register with|ask|depend on] [someone|a master|a server|headquarters]
are there [administrators|managers|owners|governors|moderators|supervisors] of the network
[peer to peer|distributed|decentralised|leaderless] or [client server|centralised|owned by someone]
who has the [final say|authority|last word|right to ban people]
does the whole system [hinge|depend|rely] on [one machine|a server|a company|a hub]
how is the network [governed|organised|led|administered|run]
"""
MORE["privacy"] = """
[is there any chance|could it be|is it possible] that [someone|a stranger|an outsider|the host|the machine's owner] [sees|reads|gets hold of|looks at|captures] [what i type|my conversation|my input|the things i ask|my secrets]
will the [person|individual|stranger|owner|guy] [whose card i use|whose gpu answers me|running the hardware|behind the machine] [get to look at|see|read|inspect] [my conversation|my chat|what i wrote|my input]
i [have to|must|need to|want to] [paste|upload|submit|send|enter] [a confidential contract|medical records|trade secrets|private letters|sensitive data|client files], who [besides me|else|apart from me] [will see it|can read it|gets access]
are [chat histories|conversations|my inputs|transcripts|questions and answers] [retained|archived|stored|saved|kept] [on the servers|on the provider's disk|anywhere|by anyone]
does the [provider|host|seller|machine] [retain|memorise|keep a copy of|write down|archive] [my input|my words|what i send|our conversation]
is [what i type|my input|the content of my chat|everything i say] [hidden|shielded|concealed|safe] from [the provider|the host|prying eyes|third parties|outsiders|the gpu owner]
how [confidential|discreet|anonymous|secret] [is|are] [this chat|my input|my conversations|the things i tell you]
can [outsiders|third parties|the hardware owner|employees|admins|intelligence services] [peek at|snoop on|listen to|inspect|get at] [my input|our chat|my requests|what we discuss]
[i do not want|i would hate] [anyone|somebody|the provider|people] [to see|to read|reading|knowing] [what i ask|my input|my private matters]
to whom [is|are] my [input|answers|conversation|texts] [visible|readable|disclosed|revealed|exposed]
who gets [to see|access to|a look at|hold of] [the text i enter|my words|the replies|my chat]
does [anyone|somebody|a human] [monitor|watch|supervise|review] [my chats|my conversations|what i type]
am i [being watched|anonymous|observed|overheard] [when i ask something|here|]
what about [secrecy|discretion|confidentiality|privacy|data protection] [here|of my input|]
where does my [text|input|conversation] get [stored|logged|written|kept]
"""
MORE["tee"] = """
what do the letters [tee|t e e] [stand for|mean|signify|abbreviate]
[can|could|would] you explain [in plain language|simply|to a non expert|] [how|why] an enclave [shields|guards|protects|hides|isolates] [data|secrets|memory|computation] from [its host|the owner|the operating system|the administrator]
i keep [seeing|hearing|reading] the [term|word|expression] [enclave|tee|trusted execution environment] [but nobody told me what it is|and do not get it|everywhere]
what [distinguishes|separates] [an enclave|a tee] from [a normal program|ordinary memory|a normal computer|a regular server]
[why|how] is the [memory|data] of [an enclave|a tee] [unreadable|hidden|encrypted|invisible]
what [protection|security|guarantee] does [an enclave|a tee|a trusted execution environment] [give|offer|provide]
[somebody|the manual|an article] [says|mentions|wrote] [tee|enclave], [what is meant|please define that|what does it refer to]
[define|translate|decode] the [abbreviation|acronym|term] [tee|enclave]
how come the [administrator|owner|host] of a machine cannot [read|inspect|dump] the memory of [an enclave|a tee]
is a tee a [place|chip|region of memory|virtual machine|safe|vault]
[enclave|tee] for [dummies|beginners|non experts|newcomers]
what is the [technical|exact|precise] meaning of [tee|enclave|trusted execution environment]
is it true that [an enclave|a tee] hides [memory|data] [even|] from the [owner|administrator|root user]
what goes on in the [secure|trusted|protected|isolated] part of the [machine|processor]
"""
MORE["hardware"] = """
would [a server|a machine|a box|a computer] with [amd|intel|nvidia] [chips|processors|parts|cards] [be accepted|qualify|work|count] [as a secure machine|as a tee|for confidential work|]
which [cpu vendors|chip vendors|manufacturers|makers] [and features|] [can providers rely on|are accepted|are recognised|may be used] [for confidential computing|for enclaves|]
[i'm|i am] [shopping for|buying|about to order|looking for] a [server|new machine|processor|motherboard], which [trusted hardware|enclave technology|tee|processor] [is compatible|do you support|should it have]
[what|which] [brands|generations|families|sorts] of [cpu|processor|secure hardware] [are on the list|are supported|qualify|can host an enclave]
is [my|this|our] [xeon|epyc|threadripper|ryzen|core i7|h100|h200|arm chip|apple m2|raspberry pi] [supported|good enough|compatible|accepted|sufficient] [for confidential work|as a tee|]
do [i|providers] need [intel|amd|nvidia] [hardware|chips|processors] [to be confidential|for enclaves|]
what [trusted|secure|confidential] [hardware|silicon|chips] does [cocoon|the network] [recognise|understand|know|verify]
[compatibility|support] [list|matrix|table] [of|for] [enclaves|tees|processors|secure hardware]
is [sgx|trustzone|nitro|sev|tdx] [supported|among the supported ones|an option|usable]
which [cpu|hardware] [features|extensions|technology] [must|should] be [enabled|present|available] [for a confidential node|]
can [both|] intel [and amd|] [machines|servers|processors] [act as|be|become] confidential [providers|nodes]
what [confidential computing|tee] [platforms|technologies|implementations] are [accepted|implemented|verified]
[tell|show] me the [processors|chips|platforms] [that work|i can use|that are supported] for [confidential|trusted] [nodes|execution]
does cocoon [run|work] [securely|confidentially|] on [amd|intel|nvidia] [hardware|]
"""
MORE["attestation"] = """
how can i be [certain|sure|confident] that the [remote box|remote machine|other computer|server|far end] [runs|executes|uses] the [software|code|program] it [claims|says|pretends] [to|]
what must a [seller|provider|host|node] [demonstrate|show|prove|deliver|present] before [my text leaves my laptop|it gets my prompt|i send anything|data flows]
[what|which] [evidence|credentials|proof|documents|certificates] does a [seller|provider|host|node] [have to show|hand over|present|send|deliver]
[green|red] [check marks|ticks|crosses|marks] [appear|are shown] [beside|next to|under] [the provider|my answer], [what are they|what do they mean|where do they come from]
how is [trust|confidence] in a [remote|strange|unknown] [machine|provider|computer] [established|built|created|gained]
is the [genuineness|authenticity|honesty|integrity|identity] of a [provider|enclave|machine] [tested|examined|checked|verified|proved] [somehow|first|]
what [convinces|assures|reassures] the client that [the enclave is genuine|the provider is honest|the hardware is real|nothing was tampered with]
could [someone|a crook|an impostor|a scammer] [pose as|impersonate|pretend to be] a [confidential provider|real enclave|secure machine]
[explain|describe] the [process|procedure|method|protocol] of [verifying|authenticating|checking|attesting] a [provider|machine|seller]
what does my [client|software|computer] [examine|inspect|look at|test] [before it trusts|when it meets|about] a [provider|seller|new machine]
where does the [verdict|list of checks|check list|list of steps] [come from|get its information]
what [results|report|summary|statement] do i get [about the check|after the provider was checked|about a provider's security]
who [guarantees|vouches|certifies] that [the hardware|a provider|the enclave] is [real|genuine|authentic]
on what [basis|grounds] does the client [trust|accept|refuse|reject] a [provider|seller|machine]
how do you [recognise|tell] a [real|genuine] enclave from [a fake|an imitation|a simulated one]
i want [evidence|proof|certainty] that the [machine|provider|seller] [is trustworthy|is not lying|does what it says]
"""
MORE["encryption"] = """
which [algorithms|ciphers|methods|protocols|techniques] [keep|stop|prevent] [eavesdroppers|spies|listeners|attackers] from [decoding|reading|deciphering|understanding] [my request|my prompt|the traffic]
is there [protection|defence|a safeguard] against [future|quantum|post-quantum] [attacks|computers|adversaries|threats]
[how|in what way] [exactly|precisely|technically|] is [the text i send|my prompt|a message|my request] [locked up|encrypted|enciphered|sealed|secured cryptographically]
what [public key|hybrid|modern|strong] [cryptography|encryption|scheme] [is in use|do you rely on|protects me|is applied]
name the [cipher|encryption|algorithm|cryptographic standard|scheme] [used|that is used|for prompts|]
is [hpke|tls|aes|rsa|kyber|elliptic curve cryptography|pgp|signal protocol] [used|involved|in use|applied] [here|for prompts|]
[technical|cryptographic] details [of|about] [sealing|encryption|the envelope|prompt encryption]
how [hard|difficult] is it to [crack|break|decrypt] [the encryption|a sealed prompt|my messages]
will [someone|attackers|the nsa] who [records|stores|captures] the traffic [today|now] be able to [decrypt|read] it [later|in twenty years]
which [cryptographic|encryption] [protocol|layer|key] [wraps|covers|guards] [the prompt|my question|the content]
what [turns|transforms] my prompt into [ciphertext|unreadable bytes|gibberish for others]
is the [wire|link|channel to the provider|network traffic] [encrypted|protected|secured] and [how|with what]
what [sort|kind|type] of [encryption|cryptography|cipher] [is it|is that|do prompts get]
are [messages|prompts] [enciphered|encrypted|sealed] on my [own|] machine [already|before they leave|]
"""
MORE["tiers"] = """
what [trust|assurance|security|safety] [categories|classes|grades|labels|levels] [may|can|does] [an answer|a provider|an offer] [carry|have|get]
an [offer|answer|provider] is [labelled|marked|tagged|called] [open|simulated|confidential], [compared to what|what does that tell me|what does the label mean|is that good]
can you [list|name|enumerate|explain] [all|] the [assurance|trust|security] [grades|classes|levels|tiers|labels] [that exist|]
which [labels|marks|badges|tags] [say|show|tell] how [safe|trustworthy|protected|secure] an answer is
what [choices|options] do i have [for|regarding] [assurance|trust|protection level|security level]
how many [grades|classes|categories|kinds|degrees] of [trust|protection|assurance|providers] [are there|exist|does cocoon have]
is there a [level|tier|class|mode] [without|with no] [enclave|tee|hardware protection]
what [is|does] the [label|word|badge|mark] [open|simulated|confidential] [mean|stand for|say] [next to an offer|]
what is the [lowest|highest|best|worst|strongest|weakest] [tier|level|grade] [of assurance|of trust|]
[hardware enclave|software enclave|no enclave at all], [what are these called|how are these levels named|which tiers are these]
[difference|differences|distinction] between [the three levels|tiers|confidential, simulated and open|open and confidential]
explain the [classification|categories|labels|grading] of [providers|answers|offers] [by trust|by assurance|]
does every [answer|provider] have the same [level|degree] of [protection|assurance|trust]
what [tier|level|grade] is [used|given] [on testnets|without special hardware|for verified hardware]
"""
MORE["spotcheck"] = """
[suppose|say|imagine|assume] the [seller|provider|host] [answers with|delivers|runs|uses] a [tiny|cheap|bad|different|smaller|inferior] model instead of the [promised|advertised|expensive|real] one, [would that come to light|who notices|what then|do i find out]
how can i be sure that the [ai|model|llm] i [ordered|chose|selected|paid for|requested] is the one that [replied|answered|did the work|computed it]
what keeps [vendors|sellers|providers|hosts] from [quietly|secretly|silently] [downgrading|swapping|exchanging|replacing|shrinking] the model
is [model swapping|model fraud|downgrading|a switched model|cheating on the model] [noticed|detectable|found out|discovered|uncovered]
[i ordered|i asked for|i paid for] the [big|large|expensive|good] model, [is it certain that i get it|who checks that it was used|what if they use another]
can [a dishonest|a greedy|a cheating] [seller|provider|host] [get away with|make money with] [a cheaper|a smaller|another] model
how [is|gets] a [counterfeit|replaced|substituted|downgraded|switched|wrong] model [exposed|discovered|revealed|unmasked|recognised]
do [clients|you] [compare|cross check|double check] [answers|results] [between providers|of two sellers|]
what [method|mechanism|trick] [reveals|exposes|uncovers] [a fake model|a substituted model|that the model differs]
does somebody [test|check|control] which model [really|actually] [runs|answers|computes] [on the other side|]
[the answers|the output] [look|seem|feel] [dumb|worse than expected|like a small model], [was the model exchanged|did they swap the model|how do i check the model]
are [samples|random checks|spot checks] [taken|made|done] to [catch cheaters|see if the model is right|verify the model]
how do you [deal with|fight|prevent] providers that [fake|misrepresent|lie about] their model
same [prompt|request|work] [sent|given] to [two|another] [providers|provider], [why|what for]
"""
MORE["currency"] = """
which [crypto|coin|money|token|currency] do i have to [hold|own|buy|get|have] to [settle my bills|pay|pay for answers|use this]
are [transactions|payments|transfers|payouts] [made|done|settled|carried out] in [ethereum|bitcoin|dollars|ton|solana|fiat] [or something else|]
what is the [unit|kind|sort|form] of money [that changes hands|used|accepted|in use] [here|on the network|]
in [what|which] [form|money|asset|coin] do [sellers|providers|gpu owners] [receive|get] their [pay|payment|earnings|reward]
do i [need|require] [a crypto wallet|cryptocurrency|coins|a bank account|a credit card] [and which kind|to pay|]
[which|what] [distributed ledger|blockchain|chain|network] [handles|processes|carries|settles] the [payments|money|transactions]
is [telegram's coin|toncoin|ether|tether|a stablecoin] [used|accepted|the currency]
what [cryptocurrency|coin|asset] [should|must] [i|my wallet] [hold|contain|have]
can [bills|answers|requests] be paid in [cash|fiat|euros|bitcoin|ether|gold|stablecoins]
[name|tell me] the [cryptocurrency|coin|chain|money] [behind it|for payments|i need]
what [asset|coin] do [customers|users|buyers] pay [with|in]
on which [chain|blockchain] do the [smart contracts|payment contracts|channels] [live|run|sit]
is there [a|any] [payment|money|coin] [system|type] [besides|other than] [ton|crypto|bitcoin]
[paying|settling] [for answers|bills]: with which [coin|money|currency]
what [does one|do we|do people] [use as money|pay with] [here|on this network|]
"""
MORE["price"] = """
how [expensive|costly|cheap] is [one answer|a reply|a typical request|a chat|it] [and who determines that|]
in [which|what] way is the [fee|price|charge|cost|amount] [for my request|of an answer|i pay|] [calculated|computed|worked out|determined|derived]
is there [some|a|any] [fixed|standard|official|uniform|common] [tariff|price|fee|rate] [for tokens|for answers|]
who [determines|dictates|names|defines|establishes] [how much i pay|the price of tokens|the fee|what it costs|the rates]
what [should|must|will|do] i [expect|have] to pay [for a question|for an answer|for a thousand words|]
what [factors|things] [determine|influence|decide] [the price|the cost|my bill|what i pay]
am i [billed|charged] [by tokens|by time|per word|per answer|by length] [or how|]
[do|does] [long|longer|bigger] [answers|prompts|questions] [cost more|cost extra|raise the price]
is [using cocoon|asking questions|the service] [free|costless|without charge|pricey|affordable]
what [amount|sum] [is|gets] [deducted|charged|billed] [per token|for a request|for each answer]
[what|how] do sellers [ask|demand|charge] [for their work|per token|]
how do i [see|know|learn|compare] [what it costs|prices|the prices of providers] [before asking|]
does [everyone|every provider|each seller] [charge|ask|cost] the same
can i [cap|bound|limit] the price [i pay|per token|per request]
[cost|price|fee] of [a question|an answer|tokens|one request] [please|]
"""
MORE["voucher"] = """
my [client|program|wallet|software] keeps [producing|signing|sending|making] vouchers, [what information do they carry|why|what are they for]
could you [clarify|explain|tell me] what [the thing called|a|the] voucher is [meant for|good for|used for|supposed to do]
before [every|each] [portion|piece|chunk|part] of the answer [something|a note|a paper] [gets|is] signed by the [buyer|client|customer], [what is it|tell me about it|what is that called]
what [sum|number|figure|value|amount] [stands|is written|is stated] [on|in] [each|a|the newest] voucher
[is a voucher|are vouchers] [some kind of|like] [check|cheque|iou|promissory note|coupon|ticket|token]
what [function|role|task|job] [has|does] a [voucher|signed voucher] [have|]
how often [is|are] [a voucher|vouchers|new vouchers] [signed|sent|made|needed]
the [provider|seller|node] [holds|collects|keeps|stores] vouchers, [what can it do with them|why|what are they]
what do i [promise|agree to|confirm|sign] with a voucher
why does [each|every] new voucher [contain|state|have] a [bigger|higher|larger] [sum|amount|number]
what is the [content|text|information|data] [of|in|on] a voucher
[vouchers|a voucher] in [cocoon|your payment system|this protocol], [what are they|meaning|please explain]
who [issues|signs|creates|gets|receives|keeps] [a voucher|vouchers] and [why|when|what for]
when must [the client|the buyer|i] sign [another|a new|the next] voucher
"""
MORE["channel"] = """
where [does|is] my [initial|first|starting|] deposit [sit|kept|stay|go|held] while i use [the service|cocoon|it]
after [closing|the end|i leave|i am done|we finish], do i [recover|receive|regain|get] [the funds i have not used|my remaining balance|what is left|the rest] [again|back|]
[explain|describe|what is] the [contract|agreement|account|arrangement] that [connects|links|binds|joins] a [buyer|client|customer] [with|and|to] [one seller|a provider|a gpu owner]
how do i [recover|reclaim|get back|withdraw] [unused|unspent|remaining|leftover] [funds|money|coins|balance]
what [happens|is done] with the [remainder|rest|balance|remaining funds|leftover] [when i quit|at closing|at the end]
is my [deposit|prepayment|balance] [refundable|safe|returned|lost|gone] [when i stop|at the end|]
[through|by] what [contract|mechanism|construction] do [client and provider|buyer and seller] [pay|exchange money] [without a transaction each time|]
does a client [open|create|have] [one|a separate|a new] [channel|contract] [for|with|per] each provider
how does [money|ton] [sit|wait|stay] in [a channel|the contract] [before it is spent|]
[opening|closing|funding|topping up] a [payment channel|channel], [what does that mean|how does it go|what happens]
do i have to [pay in|lock up|prepay|deposit] [something|money|coins] [before the first request|to begin|]
what is the contract on [the chain|ton|the blockchain] [for|about] [between client and provider|]
[i topped up|i funded|i paid into] a channel, [when do i see that money again|what now|is it gone]
what [connects|ties] my [wallet|client] financially to a provider
"""
MORE["loss"] = """
what is the [upper bound|ceiling|maximum|limit] on the [damage|harm|loss|theft] a [fraudulent|dishonest|malicious|rogue] [peer|seller|provider|client|buyer] can [cause|do|inflict on] [me|us|]
[say|suppose|imagine|if] the [client|buyer|customer] [stops paying|disappears|refuses to pay|vanishes] [in the middle|halfway|], how much [unpaid work|free work|compute] [has my machine done|did i give away|is lost]
how [many|much] [coins|money|ton|tokens|chunks] [might|could|can] be [stolen|taken|lost|swindled] [from me|] by a [dishonest|crooked|fake] [seller|provider|peer]
how [bad|big|serious|severe] [can|could|is] [the damage|a fraud|the theft|it] [get|be|become|] if [someone cheats|i am robbed|they cheat me]
[do|could] i risk [a lot|everything|much|my savings|my whole balance] [with|by paying|when i pay] [strangers|an unknown provider|unknown people]
a [scammer|swindler|thief|fraudster|con man] [on the other side|as provider|as client], what [can he take|do i risk|is the damage]
how [exposed|vulnerable] am i to [fraud|theft|cheating|non payment]
what [part|fraction|share|amount] of my money is [at risk|in danger|exposed] [at any moment|at a time|]
[paid|i paid] but [got|received] nothing, [how much is gone|what did i lose|what is the harm]
is a [big|large|total|huge] loss [possible|conceivable|likely]
how do you [limit|bound|keep small] the [damage|risk|loss] [of cheating|when one side cheats|from fraud|for both sides]
my [node|gpu|machine] [worked|computed] and the [buyer|client] did not pay, what [have i lost|is my loss]
[neither|either] side [may cheat|could be dishonest], what is [the most that can be lost|at stake]
how much trust in [money|coins] do i [give|extend] to a stranger
"""
MORE["receipt"] = """
what [details|data|particulars|facts|items] are [recorded|noted|listed|contained|documented] in the [document|paper|record|proof|slip] i [get|receive|keep] after [an answer|a request|the chat]
do i [receive|get|obtain] [evidence|confirmation|documentation|a record] that my request was [processed|answered|computed|paid], [and what does it list|and what is in it|]
[what's|what is] [stored|written|listed|noted|included] [inside|in|on] a receipt
what [lines|items|numbers|pieces] [make up|form|belong to] a receipt
what [remains|is left|stays] [as proof|as evidence|as a record] [after|of] [an answer|my request|a conversation]
does [my receipt|a receipt] [disclose|expose|give away|betray] [what i asked|my text|private things]
what [purpose|function] does a receipt [serve|have|fulfil]
how is [an answer|each answer|a finished request] [documented|recorded|certified|put on record]
whose [signatures|names|keys] are [on|under|in] a receipt
[i'm|i am] [looking at|reading|holding] a receipt, what [does it tell me|am i seeing|do the fields mean]
[which|what] [proof|paperwork|documentation] [comes with|is given for|belongs to] [an answer|a reply|my request]
what are the [ingredients|elements|components|sections] of a receipt
why would [somebody|anyone|a company] [keep|store|want|collect] receipts
what gets [written down|signed|certified] [by client and provider|by both parties|] [when an answer is complete|at the end|]
"""
MORE["verify"] = """
a [client|customer|partner|colleague] [handed|emailed|forwarded|passed] me a receipt [file|], how do i [establish|find out|determine|make certain] [that it's authentic|whether it is genuine|that it is valid]
what should i [type|enter|run|execute] to [confirm|prove|establish|make sure] [a receipt has not been altered|a receipt is untouched|that a receipt is valid|the receipt is okay]
can [an auditor|a third party|anybody|an outsider|a judge] [validate|verify|check|confirm] [receipts|a receipt] [on his own|independently|alone|offline|]
how [can|could|would] one [tell|distinguish|separate] a [genuine|real|true] receipt from a [forgery|fake|false one]
[test|confirm|examine|prove] the [validity|authenticity|signatures|proof|correctness] of [a|my|this] receipt
[which|what] [tool|subcommand|instruction|program] [confirms|proves|examines|inspects|tests] [a receipt|receipts|the signatures of a receipt]
is there [a|any] [way|means|possibility] to [confirm|prove|test|be sure] that a receipt [was not forged|is legit|is right|is honest|was not edited]
this receipt [looks|seems] [suspicious|strange|odd|fake], how do i [check|test|verify] it
i want to [double check|examine|inspect|authenticate] [a receipt|the receipt i got|my receipts]
how do i [detect|recognise|spot] a [forged|fake|manipulated|false|edited] receipt
receipt [checker|validator|verifier|verification tool|check command]
[verifying|validating|authenticating|checking] [a receipt|receipts] [offline|myself|on the command line|without a third party|], how
do i need [internet|the network|an account|a third party] to [verify|check|validate] a receipt
must i [trust|ask|call|believe] [someone|the provider|a company] to [know that|see whether] a receipt is [valid|true]
"""
MORE["failover"] = """
the [computer|machine|server|node|box] [producing|computing|generating|writing] my answer [suddenly|] [loses electricity|burns|is stolen|restarts|freezes|dies], do i [have to start over|lose everything|notice that|get the rest]
what if the [seller's|provider's|host's] [box|machine|computer|server] [is rebooted|crashes|is turned off|goes dark|gets unplugged] while [text is still streaming|it is writing|the answer is coming|i am waiting]
does [a reply|an answer|a stream|my request] [survive|finish|continue|get completed] when the [machine|server|box|provider] [behind it|that makes it|] [goes dark|dies|breaks|is gone]
[blackout|power outage|network outage|hardware failure|crash] [on the other side|at the provider's place|halfway through], [what happens to my text|what now|am i lost|is everything gone]
what [happens|is done] [when|if] [a seller|the host|a gpu|the worker] [drops out|gives up|goes missing|stops responding|is too slow|hangs up]
will [the rest|the second half|the remainder] of my [answer|reply|text] [still arrive|be delivered|come] if the [provider|machine] [dies|fails|goes away]
how does [cocoon|the client|the network] [cope with|react to|recover from|survive|deal with] [a dead machine|a failed provider|vanished sellers|crashes|outages]
are [partial|unfinished|half written|interrupted] [answers|replies] [continued|resumed|completed|thrown away]
is there [a gap|an interruption|a break] in the [text|answer|stream] when the [machine|provider] [changes|is replaced|dies]
who [picks up|takes on|resumes|carries on] the [work|answer|job|text] [after|when] [a machine|the provider|the seller] [fails|is gone|quits]
[my|the] [connection|provider|seller] [dropped|broke|disappeared|was lost] [in mid answer|halfway|while it wrote], [must i ask again|what next|will it resume]
can i [count|rely|depend] on [getting|receiving] [the full answer|the whole text] [even if machines fail|when a provider dies|]
what about [reliability|availability|continuity|resilience] when [machines|providers] [fail|come and go|die]
someone [kills|shuts down|reboots] the [machine|node|server] that is [serving|answering|writing to] me
"""
MORE["provider"] = """
[i've got|i have got|i possess|there's] [an rtx 4090|an old gaming pc|a spare gpu|a rack of servers|an idle graphics card|two video cards] [collecting dust|in the cellar|at home|sitting around|in my office], can [i turn it into cash|it earn something|it bring in money|i rent it out]
what are the [steps|requirements|first steps] for [someone who wishes|people who want|anyone wanting] to [supply|offer|provide|contribute|sell] [gpu power|compute|processing power|inference] [to the network|]
how would i get my [box|machine|card|server|rig] to [start selling inference|work for money|serve others|earn coins|make some ton]
[what|which] [program|command|software] [does|must|should] a [gpu owner|seller|supplier|provider|host] [start|run|launch|type]
[making|earning] [cash|a buck|coins|extra income|side income] [with|from|using] [my hardware|a graphics card|my computer|spare compute]
how do i [turn|convert|make] [unused|idle|spare] [compute|gpu time|hardware|capacity] into [money|cash|ton|income]
i [would like|wish|intend|plan] to [supply|sell|provide|rent out|offer] [gpu power|inference|compute|my card's time] [to others|to the network|here]
what [reward|income|compensation|pay] [awaits|is there for|do you give] [people who supply gpus|providers|hardware owners|those who share hardware]
[start|begin] [serving|selling|providing|hosting] [models|answers|inference|compute] [, how|on my machine|]
what do i [gain|get|receive] [if i|when i] [share|lend|offer|provide] my [gpu|hardware|machine|graphics card]
how does a [gpu owner|hardware owner|data center|hoster] [participate|take part|get started|get in|begin]
i want to be on the [selling|supply|providing] side, [what do i do|how do i start|which command]
[do i|must i] [register|apply|get approved|fill in a form] [before i can sell|to be a provider|before earning]
can i [monetise|rent out|lease|hire out] [my|our] [gpus|graphics cards|servers|cluster|hardware] [here|through cocoon|]
bring my [gpu|server|card] [online|onto the network] as a [provider|seller|supplier]
"""
MORE["client"] = """
how do i [talk|speak|chat|converse] with [a model|an ai|the models|an llm] [straight|directly|right] from my [shell|terminal|console|command prompt]
i [have|own] no [gpu|graphics card|special hardware] and [merely|only|just|simply] want to [ask questions|get answers|chat|buy answers], what should i [launch|start|run|do]
[what's|what is|tell me] the command for [joining|connecting|starting] as a [consumer|customer|buyer|user|client]
as a [plain|normal|regular|simple|ordinary] [user|customer|consumer|person], [what do i start|how do i begin|how do i get answers|which program do i run]
how does a [user|buyer|customer|consumer|newcomer] [ask something|get connected|use the models|get answers|open a chat]
[launch|start|open|begin] [the client|a chat|a chat session|a light peer] [on my laptop|on my pc|from the command line|]
which [subcommand|command|program] [gives|opens|provides] [a chat|me a chat|a conversation|the user side|the local page]
i want to [consume|buy|use] [answers|inference|the network], not sell, [what do i run|how]
is there an [interactive|easy|simple] [chat|prompt|mode|way to chat] [in the shell|in the terminal|on the command line|]
how can i [put|ask|pose] [my first question|a question to a model|questions] [to the network|from the terminal|]
what is [required|needed|necessary] to [use cocoon as a customer|ask questions|be a client|chat]
[typing|entering] [questions|prompts] [into a console|in a terminal], how
can i use [cocoon|the network] [without owning a gpu|without hardware|from a small laptop|from a cheap notebook]
how do i [bring up|get] the [client|chat|light client] [on my computer|on linux|on a mac|]
"""
MORE["openai"] = """
our [chatbot|app|product|website|service] was [built|made|written] [on|with|for] the openai [library|sdk|api], what [url|address|endpoint] do we [give it|enter|use|set]
which [local|tcp|http|network] port [receives|accepts|takes|handles] [api calls|requests|my requests]
do i have to [rewrite|change|throw away|adapt] my [existing|old|current] [chatgpt|openai] [integration|code|app|program]
[where|to which address] [should|do|must] my [application|script|code|programs|bot] [send|direct|post] [its requests|api calls|chat completions]
can [programs|tools|software|apps] [written|made|built] for [openai|chatgpt|gpt] [be used|work|run|talk to it] [unchanged|without changes|here|]
what [setting|line|option|variable|parameter] do i [change|edit|modify|adjust] so that my [openai|existing] [app|code|client] uses cocoon
is the [interface|api|protocol] [the same as|similar to|compatible with|identical to] [openai's|the one of openai|chatgpt's]
[programmatic|api|http|rest] access [for developers|from my code|], [how|at which address|what url]
i [code|program|write software] in [python|javascript|go|java] and want to [call|use|integrate] [the api|models|cocoon], [which endpoint|what is the base url]
does [function calling|tool use|streaming|json mode] work [over the api|through the endpoint|]
what's the [local|http|server] [address|endpoint|url] [of the api|for developers|i connect to]
how do i [hook|wire|plug|connect] [cocoon|the network] [up|in|] [to|into] my [app|application|program|langchain project|website]
[host name|hostname|address] and port [of the local api|please|for my sdk]
can i [migrate|move|switch] from [openai|chatgpt] [easily|without rewriting|with one line]
"""
MORE["testnet"] = """
can i [experiment|play|fiddle|tinker|try things] on my [notebook|laptop|pc|own computer] without [spending real coins|real money|paying|any risk]
is there [some|a|any] way to [spin up|create|bring up|get] a [complete|full|miniature|tiny|whole] [version|copy|model] of [everything|the network|cocoon] [for development|locally|at home|]
where can [newcomers|beginners|students|developers|i] [rehearse|practise|learn|train|try] with [play money|fake coins|toy money|free coins|test coins]
[i'd|i would] like to [try|test|see|explore] [the whole system|everything|all parts] [locally|offline|on one computer] [first|]
[which|what] command [gives|sets up|builds|brings up] [me|] a [complete|private|local|whole|toy] network
how can [a developer|an engineer|i] [try out|test|check] [payments|an integration|the protocol|new code] without [real coins|touching the real network|mainnet]
[all|every] [roles|parts|components] [on|in] [one|a single] [machine|laptop|process], [can i have that|how]
a [dry run|rehearsal|test drive|trial|demo] of the [network|whole system] [at home|on my laptop|], how
can i [evaluate|try|test] cocoon [before investing|for free|before i buy ton|without hardware]
do you [have|offer|provide] a [local|development|training|safe] [environment|setup|playground|network]
how do i [practise|learn|try] [without|before] [spending|paying|real payments]
[local|private|offline|toy|mini] [chain|blockchain|network] with [fake|free|worthless|test] [coins|money|ton]
what do [contributors|programmers|testers] use to [run|test] everything [locally|on a laptop]
i [need|want] [play|test|fake|worthless] coins
"""
MORE["sim"] = """
for my [thesis|paper|dissertation|study|research] i need to [observe|study|watch|analyse|model] [ten thousand|thousands of|a huge number of|hundreds of thousands of] [nodes|peers|providers] [at once|], what should i use
how can the [behaviour|dynamics|market|performance] of an [enormous|extremely large|gigantic|internet scale] network be [reproduced|studied|predicted|examined] [with a fixed seed|]
is there [software|a tool|a program|an instrument] that [imitates|mimics|simulates|emulates|models] [huge numbers of|very many|countless|thousands of] [peers|nodes|machines]
[repeat|reproduce|replay] [an experiment|a run|the same network run] [exactly|bit for bit|with the same seed|]
can i [run|conduct|do] [large scale|huge|massive|academic|scientific] [experiments|studies|tests] [without hardware|in virtual time|on one computer|]
how [would|does] [the protocol|the network|cocoon] [behave|perform|scale] with [a hundred thousand|a million|very many|ten thousand] [participants|nodes|peers]
[scientists|researchers|academics|economists] [want|need|like] to [simulate|model|study] the [market|network|protocol], [what is there|which tool|how]
[scalability|large scale|massive scale] [study|experiment|test|research], [which tool|how|what command]
what [lets|allows] [me|researchers] [simulate|imitate|model] [many|a crowd of|a multitude of] [peers|machines|participants]
i [want|need] [figures|plots|graphs|statistics] [about|of] a [simulated|virtual|large] network
time [runs|goes] faster in [which tool|the simulator], how do i [use|start] it
[fake|artificial|modelled|imaginary] network of [thousands|ten thousand|a million] [peers|nodes]
is there a [deterministic|seeded|reproducible] [simulation|experiment|model] [of the network|]
how do i [simulate|imitate|emulate|mimic] [failures|attacks|churn|congestion] [among thousands of peers|at scale|in a big network]
"""
MORE["doctor"] = """
my [provider|client|node|software] [refuses|fails|declines|is unable] to [boot|start|run|connect|launch] and [i'm clueless|i do not know why|i need help|i am lost], [any suggestion|what now|what could i do|]
how do i [find out|see|discover|check] whether my [configuration|setup|installation|config file] has [mistakes|errors|problems|faults]
[i see|there is|it prints|i get] [red|strange|weird|cryptic] [error text|messages|errors|output] [at startup|when i start it|], who can [diagnose it|explain it|help]
[it|my node|the program] [keeps crashing|keeps failing|does nothing|hangs at start|shows an error], [what do i do|how do i fix it|where do i start]
[something|a thing|it] [seems|looks|appears|is] [wrong|off|misconfigured|broken] with my [node|machine|setup|network|installation]
what [can|should|could] i [do|try|run] [when|if] [cocoon|my node|the client] [misbehaves|refuses to start|has trouble|complains]
is there [a|some] [self test|diagnostic|diagnosis|health check|repair tool|troubleshooter] [built in|i can run|]
[figure out|find out|discover|detect] [why it fails|the cause of an error|what is misconfigured|what is broken]
how do i [get rid of|resolve|repair|cure] [an error|a failure|this problem|setup trouble]
[error|failure|trouble|problems] [after installing|when starting|at launch|during setup], [help|what now|how to fix]
who [fixes|finds|explains] [problems|errors] [with my setup|on my machine|]
does cocoon [have|offer|include] [a diagnostic|a troubleshooting|a repair|a self check] [command|tool]
[verify|check|test] that my [installation|machine|setup|environment] is [ready|correct|healthy|in order]
what's wrong with my [computer|configuration|node|network settings]
"""
MORE["bench"] = """
[i'd|i would] like to [know|learn|see|find out] how many tokens per second my [box|machine|gpu|card|hardware] [manages|makes|reaches|produces]
is there a [built-in|ready made|standard|simple] [tool|command|way|program] to [time|measure|rate|test|gauge] [the performance|speed|my hardware|throughput]
how [quick|fast|rapid|slow] is [my hardware|this box|my installation|my computer] [at this|at computing answers|with models|]
[what|which] [throughput|speed|rate|performance] [can|does|will] my [gpu|machine|hardware] [reach|achieve|deliver|have]
[rate|measure|time|gauge|evaluate|test] [the speed of|the performance of|] my [machine|hardware|gpu|node|installation]
how do i [get|obtain|produce|see] [performance|speed|latency|throughput] [data|numbers|statistics|measurements]
[is my box|is my gpu|is this server] [faster|slower|better] than [others|my old one|the goal], how do i [measure|find out]
[where|how] can i [see|measure] the [latency|delay|response time|seconds per answer] [of my node|of the engine|]
i need [numbers|figures|measurements] [about speed|on performance|for throughput|of latency]
[performance|speed|throughput] [measurement|evaluation|check|rating] [of my node|tool|]
how much [throughput|work|speed] can my [gpu|card|node] [handle|deliver|sustain]
[stopwatch|timing|speed] [command|tool|mode|test] [in cocoon|]
what [score|result|speed|figure] does [my machine|my gpu|this laptop] [get|reach|have]
run the [performance|speed|standard] [tests|measurements|suite]
"""
MORE["discovery"] = """
how does a [fresh|new|just started|lonely] [node|peer|machine] get in touch with [the others|other peers|the network] [without any directory|when there is no server|]
by what [mechanism|method|means|protocol] does my [laptop|client|node|computer] [learn about|hear of|find|locate] [available|existing|new|suitable] [sellers|providers|machines]
which [peer-to-peer|p2p|networking|distributed] [technology|protocol|library|system] lets [machines|peers|nodes] [locate|find|reach|discover] [each other|one another]
how [is|are] [a seller|sellers|peers|a provider|nodes] [tracked down|found|looked up|advertised|announced] [without a central list|in the network|]
where [does|do] [my client|clients|nodes] [get|obtain|take] [addresses|the addresses|contacts|peers] from
what [replaces|serves as|takes the place of] a [central directory|registry|phone book|tracker|server list]
how do [offers|announcements|adverts|news] [spread|travel|propagate|reach me|get to clients]
[who|what] [introduces|connects|brings together] [peers|buyers and sellers|clients and providers|strangers]
how [can|do] peers [become aware|hear|learn] of [each other|one another|new providers]
[finding|locating|meeting|discovering] [sellers|other machines|each other|one another] [in a decentralised network|without a server|], how does it work
is there [a|some] [distributed|decentralised|shared] [directory|lookup|hash table|index] [of providers|of peers|]
how does [routing|lookup|searching|peer finding] [work|function|happen] [in the network|]
how do nodes know [where to connect|whom to contact|who else is there|about one another]
[bootstrapping|joining] the [network|swarm]: how are [others|peers] [found|located]
"""
MORE["bids"] = """
i need [ten thousand|thousands of|a pile of|hundreds of] [documents|articles|images|records|emails] [summarised|translated|processed|classified] [overnight|by tomorrow|without hurry|cheaply], how is that work [allocated|assigned|given out|organised]
how do [sellers|providers|machines|nodes] compete for [large|big|non-urgent|slow|posted|background] [workloads|tasks|jobs|work]
who [determines|chooses|picks|selects|decides] the [winner|provider|seller] of [an auctioned|a posted|a batch|a large] job
[work|tasks|jobs] that can [wait|take hours|run at night], how [is it|are they] [distributed|sold|assigned|auctioned]
[can|may] i [hand in|submit|send in|deliver] [a huge pile of work|a big batch|many requests|a large workload] [at once|and wait|]
how does [the|a] [tender|auction|competition|bidding process|job market] [go|proceed|run|work]
what [happens|follows|comes] [after|once] [bids arrive|providers have bid|the window closes|a job is announced]
[providers|sellers] [reply|respond|answer] to [an announced|a posted|a published] [job|task] [how|with what]
is it [possible|allowed] to [see|check|audit] [who won|why somebody won|the result of an auction|whether an award was honest]
[giving out|assigning|allocating|awarding] [large|background|bulk|offline] [jobs|work|tasks]
[my provider|my node|i] would like [more|batch|bulk|background] work, how does it [win|get|bid for] [jobs|it]
what does a provider [send|offer|submit] when it wants [a job|to win work|batch work]
how [long|fast] until a [batch job|job|posted job] is [awarded|assigned|given to someone]
[massive|huge|large] [offline|overnight|background] [processing|inference|computations], [how are they handled|who takes them]
"""
MORE["reputation"] = """
are there [star ratings|reviews|grades|scores|marks] for [sellers|providers|hosts|nodes]
how does my [software|client|program|computer] [remember|know|recall|keep track of] which [hosts|sellers|providers|machines] were [unreliable|good|slow|bad|fast]
could a [vendor|seller|provider|host] [pay|cheat|trick] to [appear|look|seem] better than it is
[who|what] [decides|says|determines] if a [seller|host|provider] is [dependable|trustworthy|of good quality|worth choosing]
is there a [public|global|shared|central] [list|table|board|database] of [good|bad|trusted|blacklisted] [providers|sellers|hosts]
how [are|is] [bad|slow|unreliable|failing] [sellers|providers|hosts|machines] [avoided|sorted out|remembered|punished with a low score]
[what|which] [criteria|measurements|experience|facts] [enter|make up|form|determine] the [score|reputation|rating|grade] of a provider
do [past|earlier|previous] [failures|answers|experiences] [count|matter|influence the choice] [of a provider|]
can [users|clients|customers] [share|publish|exchange|post] [ratings|opinions|reviews|experiences] [of providers|]
how [trustworthy|honest|objective] are the [scores|ratings|reviews]
[reputation|rating|scoring|feedback] [system|mechanism] [for providers|explained|]
how do i [tell|separate|distinguish] [good|reliable] [hosts|sellers|providers] from [bad|poor|unreliable] ones
is a [seller's|provider's|host's] [track record|history|past|reliability] [kept|known|scored|remembered]
who [awards|gives|assigns|computes] [scores|points|marks|stars] [to providers|]
"""
MORE["language"] = """
was [this|it|cocoon|the program] [coded|written|programmed|developed] in [go|rust|c|python|java|kotlin|swift|haskell] [or rust or what|or something else|]
can i [inspect|view|browse|examine|audit|get] the [source|source code|code|repository]
which [tech stack|technology|language|languages|tools] [was chosen|were chosen|was used|is used|did they pick] for [implementing|writing|building|the] [the node|the software|the smart contracts|contracts|cocoon]
what [language|code] do [the developers|your engineers|contributors] [write|program|work] in
[is|are] the [program|software|project|contracts] [open|open source|closed|libre|public|proprietary|licensed freely]
what [runtime|environment|interpreter|engine] [executes|runs] [the program|cocoon|the code]
if i want to [contribute|help develop|write a patch|fork it], which language [do i need|must i know|should i learn]
[implemented|developed|coded|built] [in|with] [which|what] [language|technology]
are the [contracts|smart contracts|payment contracts] [coded|programmed|made] in [func|tolk|solidity|tact]
does one need [node|nodejs|python|a compiler|java] to [run|build] [it|cocoon]
who may [view|copy|modify|reuse|fork] the [code|source|program]
what [was|is] [cocoon|the node|the software] [coded|developed|implemented] [with|in]
[programming|coding|scripting] language [used|please|of the project|]
where can i [view|find|read|download] the [source code|code|sources]
"""
MORE["budget"] = """
how can i keep my [customers|users|clients|visitors|players] from [draining|emptying|burning|using up] [my wallet|my balance|all my ton|my money]
is it possible to [assign|give|set|impose on] [every|each] [employee|user|customer|developer|student] [a maximum spend|a limit|a ceiling|an allowance|an own budget]
we [offer|run|sell|operate] [an app|a website|a product|a bot] to [many people|the public|thousands of users], how do we [bound|limit|cap|control] [the expenses|the costs|spending] [per person|of each user|]
[what|which] [feature|setting|function] [limits|caps|restricts|controls] [spending|expenses|the consumption of users|what a key may cost]
can i [hand|issue|give|distribute] [separate|own|limited|different] [keys|credentials|access tokens] to [my users|teammates|customers|each app]
how do i [avoid|prevent] [a shocking bill|runaway costs|overspending|unexpected expenses|that an app burns money]
[each|every] [department|colleague|customer|user] [should|may] [only|] spend [a fixed amount|ten ton|so much], [how do i set that up|can it be done]
[ration|restrict|limit|meter] the [use|consumption|spending] of [my users|my staff|our customers]
[does|do] [the client|you|cocoon] [support|offer|have] [per user limits|spending controls|budgets|cost ceilings|quotas]
what [if|happens when] [a user|a customer|an employee|my app] [exceeds|goes over|wants more than] [the limit|the budget|its quota]
i [fear|worry about|am afraid of] [high costs|a huge invoice|greedy users|my app spending everything], how do i [cap that|limit it|protect myself]
who [controls|manages|sets] [budgets|the limits|how much my users spend]
[expense|cost|spending|budget] [limits|control|management|ceiling] [for teams|for an app|for users|]
how do i share [access|my client|one wallet] with [others|my team|users] [safely|without losing control of costs|with limits]
"""
MORE["models"] = """
could i [host|run|serve|offer|deploy] [mistral|llama|gemma|qwen|deepseek|falcon|phi|my fine tune] on my [node|machine|provider|server]
is it possible to [attach|connect|hook up|use|plug in] my [existing|own|current] [vllm|sglang|inference|llm] [deployment|server|installation|cluster]
which [file format|format|kind of file] [should|must] my [neural network|model|network|weights] [have|be in] to be [served|loaded|hosted]
what [ais|models|networks|llms] [does a node|can a provider|do nodes] [offer|run|understand|execute|host]
[are|is] [open weight|large|popular|other|custom|private] [models|llms] [possible|supported|allowed|usable] [on a node|here|]
i [built|trained|finetuned|made] my own [network|model|llm|ai], [how do i serve it|is it possible to host it|can a node run it]
[what|which] [model|ai|llm] is [preinstalled|included|built in|served at first|there by default|loaded when i change nothing]
can [a node|my provider|cocoon] [load|execute|handle|run] [onnx files|hugging face models|pytorch models|gguf files|a 70b model]
what [software|engine|backend|inference server] [may|can] [stand|sit|run] behind [a node|my provider]
[choice|selection|range|variety|list] of [models|ais|llms] [a node can serve|on the network|]
[switch|change|replace] the [default|demo|standard] model [with|by|for] [a better one|llama|my own|another]
how do i [offer|host|load|add|install] [a different|a larger|my favourite|a custom|another] [model|llm|ai] [on my node|]
do i have to use [the demo model|your model|the default model|a small model]
are [multiple|several|two] models [possible|allowed] on one node
"""
CONTEXTS = """i run a small startup.|i am writing a blog post.|i have a meeting tomorrow.|my laptop is rather old.|i am a student.|we are a small team in berlin.|i just finished reading the readme.|i am a journalist.|my company is thinking about using this.|i am preparing a talk.
i am not a native speaker.|somebody in a forum told me about it.|i have been reading for an hour.|it is late here.|we had a discussion at work.|i am an old man.|i work at a hospital.|i am a lawyer.|i used other networks before.|my brother told me to ask you.|i do not know much about computers.
there is one thing i do not get.|i hope you can help me.|this may sound silly.|i looked at the website.|i watched a video about it.|i want to be careful.|here is my situation.|let me describe my problem.|i am quite excited about this.|i have some doubts.|i am thinking about joining.|for a school project i need this.|my wife is sceptical.|this is important to me.
i could not find it in the docs.|before i decide, one question.|thank you for the last answer.|i am in a hurry.|a customer asked me this.|i work as a system administrator.|i am comparing several networks.|we use many cloud services today.|i come from the crypto world.|i know little about ai.|sorry for the long text.|i am only curious.|everybody talks about this.|i am still confused.""".replace("\n", "|").split("|")
# Words of general English that say nothing about the subject: noise inside questions, so that an unknown word is no surprise.
GENERAL = """absolutely actual afternoon again ago already although amazing another anyhow around aside average away awful basically because become beforehand behind below besides between beyond brief busy careful case certainly chance clear clearly close common complete completely concern constantly content convenient correct course
crazy current curious damn dear decent deep definitely despite detail different directly during early effectively either else end enough entire especially essentially eventually everyday exact example except experience extra extremely fact fairly familiar far favourite final finally fine former fortunately forward frankly friendly full
fully further generally gladly good gradually great guess half handy hardly hence hopefully however huge idea immediately important indeed inside instance instantly instead interesting involved kindly lately least less light likely literally little local long lot lucky mainly maybe meanwhile mention merely midnight minute moment month morning mostly
naturally nearly necessary neither nevertheless night nobody none normal noticeable obviously occasionally odd often okay once online ordinary otherwise outside overall part particularly perfect perhaps personally place plain plenty point potentially practically precisely presumably pretty previously probably proper purely quite rarely rather ready really reasonable
recently regardless related relatively respect rough roughly second seem seemingly seldom sense serious several shortly similar since situation slight slightly slow somewhat soon special specific still straight strange stuff subject sudden suddenly summer suppose sure surely surprising technically terrible thankfully theoretically therefore thing though thought through
thus time tiny today together tomorrow tonight topic totally tough true truly twice typical typically ultimately unclear under understand unfortunately unless unlike until upcoming upon urgent usual usually various vaguely version very virtually way weird whatever whenever whereas wherever while wise within without wonder word worse worth yesterday yet""".split()
