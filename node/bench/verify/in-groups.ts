/** So many at once, in their order: `work` on a group begins when the one before is through. */
export async function inGroups<In, Out>(
  items: readonly In[],
  size: number,
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = []
  for (let at = 0; at < items.length; at += size) {
    results.push(...(await Promise.all(items.slice(at, at + size).map(work))))
  }
  return results
}
