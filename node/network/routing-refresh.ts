/** Ends the refreshing of a routing table for good, which `@libp2p/kad-dht` 16 does not always do. */

/**
 * A refresh that runs while its host stops sets its timer once more afterwards; that timer then refreshes a
 * host that is gone, every five minutes and for ever, and keeps all of it in memory. Without the function
 * there is nothing to run and nothing to keep.
 */
export function endRoutingRefresh(dht: object): void {
  const refresh = (dht as { readonly routingTableRefresh?: unknown }).routingTableRefresh
  if (typeof refresh !== 'object' || refresh === null || !('refreshTable' in refresh)) return
  Object.assign(refresh, { refreshTable: () => undefined })
}
