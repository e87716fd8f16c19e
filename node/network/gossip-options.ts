/** Gossipsub, set up for a market: few small messages, strictly signed, on 128 fixed topics. */
import { type GossipsubOpts, StrictSign } from '@chainsafe/libp2p-gossipsub'
import { GOSSIP_RPC_BYTES_MAX, GOSSIP_RPC_ENTRIES_MAX } from './constants.ts'

/** One invalid message of a peer costs 5, two 20, four 80: below the last it is no longer heard. */
const INVALID_MESSAGE_WEIGHT = -5
/** Per second: four invalid messages are forgiven after about a minute. */
const INVALID_MESSAGE_DECAY = 0.95

/**
 * Without an entry in `topics` a validator's Reject drops the message but costs its sender nothing, so
 * every allowed topic has one. Deliveries per mesh are not scored: a quiet market is not a fault.
 */
export function gossipOptions(
  topics: readonly string[],
  isLoopback: boolean,
): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: StrictSign,
    allowedTopics: new Set(topics),
    allowPublishToZeroTopicPeers: true,
    emitSelf: false,
    floodPublish: true,
    maxInboundDataLength: GOSSIP_RPC_BYTES_MAX,
    decodeRpcLimits: {
      maxSubscriptions: 2 * topics.length,
      maxMessages: GOSSIP_RPC_ENTRIES_MAX,
      maxIhaveMessageIDs: GOSSIP_RPC_ENTRIES_MAX,
      maxIwantMessageIDs: GOSSIP_RPC_ENTRIES_MAX,
      maxIdontwantMessageIDs: GOSSIP_RPC_ENTRIES_MAX,
      maxControlMessages: GOSSIP_RPC_ENTRIES_MAX,
      maxPeerInfos: 16,
    },
    scoreParams: {
      topics: Object.fromEntries(topics.map((topic) => [topic, TOPIC_SCORE])),
      // All peers of a loopback network share one address: that is not an attack there.
      ...(isLoopback && { IPColocationFactorWeight: 0 }),
    },
  }
}

const TOPIC_SCORE = {
  topicWeight: 1,
  timeInMeshWeight: 0,
  timeInMeshQuantum: 1_000,
  timeInMeshCap: 10,
  firstMessageDeliveriesWeight: 0.5,
  firstMessageDeliveriesDecay: 0.5,
  firstMessageDeliveriesCap: 10,
  meshMessageDeliveriesWeight: 0,
  meshMessageDeliveriesDecay: 0.5,
  meshMessageDeliveriesCap: 10,
  meshMessageDeliveriesThreshold: 1,
  meshMessageDeliveriesWindow: 10,
  meshMessageDeliveriesActivation: 5_000,
  meshFailurePenaltyWeight: 0,
  meshFailurePenaltyDecay: 0.5,
  invalidMessageDeliveriesWeight: INVALID_MESSAGE_WEIGHT,
  invalidMessageDeliveriesDecay: INVALID_MESSAGE_DECAY,
}
