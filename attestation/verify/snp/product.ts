/** Which processor a report is about: by its CPUID and by the names in its certificates. */
import { SNP_PRODUCTS, type SnpProduct } from '#attestation/policy/snp-section.ts'
import { refuse } from '../refuse.ts'
import type { ProcessorId } from './report.ts'

const PRODUCT_NAMES = { milan: 'Milan', genoa: 'Genoa', turin: 'Turin' } as const

/** As AMD writes it in certificates. */
export function productName(product: SnpProduct): string {
  return PRODUCT_NAMES[product]
}

/** @throws AttestationError CHECK_FAILED for every root that is not named after a known product */
export function productOfRoot(commonName: string): SnpProduct {
  const product = SNP_PRODUCTS.find((one) => commonName === `ARK-${PRODUCT_NAMES[one]}`)
  return product ?? refuse(`"${commonName}" is the root of no known product`)
}

/** Family 19h holds Milan and Genoa (with Bergamo and Siena, which share its root), 1Ah Turin. */
function productOfProcessor({ family, model }: ProcessorId): SnpProduct | undefined {
  if (family === 0x19 && model <= 0x0f) return 'milan'
  if (family === 0x19 && ((model >= 0x10 && model <= 0x1f) || (model >= 0xa0 && model <= 0xaf))) {
    return 'genoa'
  }
  return family === 0x1a && model <= 0x11 ? 'turin' : undefined
}

/**
 * The processor that the firmware reports (version 3 on) must be of the product that the root is for.
 * @throws AttestationError CHECK_FAILED
 */
export function expectProcessor(processor: ProcessorId | undefined, product: SnpProduct): void {
  if (processor === undefined) return
  const { family, model } = processor
  const found = productOfProcessor(processor)
  const shown = `family ${family.toString(16)}h, model ${model.toString(16)}h`
  if (found !== product) {
    refuse(`a processor of ${shown} under the root of ${productName(product)}`, { found: shown })
  }
}
