/**
 * Waits for a state, never for a while: polls until the condition holds. The limit is for what never comes;
 * a state that a busy machine reaches late is still reached.
 */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  limitMs = 120_000,
): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not true within ${limitMs} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
