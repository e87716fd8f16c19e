/** JSON as it leaves this process: bigint as decimal text, a missing value as null. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, replacer, indent)
}

function replacer(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  return value === undefined ? null : value
}

export function jsonResponse(value: unknown, status = 200): Response {
  return new Response(toJson(value), { status, headers: { 'content-type': 'application/json' } })
}
