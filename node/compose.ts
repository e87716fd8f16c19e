/**
 * The composition root: the only place that knows every room. A new TEE, engine or chain is one folder
 * and one line in `compose/`: provider.ts for what is sold, client.ts for what is bought, peer.ts for
 * what both stand on.
 */
export { composeClient } from './compose/client.ts'
export { composeProvider } from './compose/provider.ts'
