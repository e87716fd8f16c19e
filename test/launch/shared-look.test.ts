/** One look for many: nobody is told what was seen before it asked. */
import { describe, expect, it } from 'vitest'
import { SharedLook } from '#node/launch/shared-look.ts'

describe('a shared look', () => {
  it('is one for all who ask while another runs, and begins after they asked', async () => {
    const looks: PromiseWithResolvers<number>[] = []
    const shared = new SharedLook(() => {
      const look = Promise.withResolvers<number>()
      looks.push(look)
      return look.promise
    })
    const first = shared.fresh()
    const later = [shared.fresh(), shared.fresh(), shared.fresh()]
    expect(looks.length).toBe(1)
    looks[0]?.resolve(1)
    expect(await first).toBe(1)
    expect(looks.length).toBe(2)
    const last = shared.fresh()
    looks[1]?.reject(new Error('seen nothing'))
    for (const one of later) await expect(one).rejects.toThrow('seen nothing')
    expect(looks.length).toBe(3)
    looks[2]?.resolve(3)
    expect(await last).toBe(3)
    const alone = shared.fresh()
    looks[3]?.resolve(4)
    expect([await alone, looks.length]).toEqual([4, 4])
  })
})
