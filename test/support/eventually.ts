/** Waits for a state, never for a while: polls until the condition holds, fails after 20 s. */
export async function eventually(
  condition: () => boolean | Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const endMs = performance.now() + limitMs
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`not true within ${limitMs} ms: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
