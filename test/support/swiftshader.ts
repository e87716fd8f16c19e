/** Chromium's software Vulkan, on which WebGPU is tested without a GPU. */
import { existsSync } from 'node:fs'

const FOLDER = '/usr/lib/chromium'
const ICD = `${FOLDER}/vk_swiftshader_icd.json`

/** What an engine process must be given to find it, or why there is none. */
export function swiftshader():
  | { readonly environment: Readonly<Record<string, string>> }
  | { readonly missing: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return { missing: 'onnxruntime-node has WebGPU on Linux x64 only' }
  }
  if (!existsSync(ICD)) return { missing: `${ICD} is not there: install chromium` }
  // The folder has Vulkan's loader as well, which a machine without a GPU often lacks.
  return { environment: { VK_ICD_FILENAMES: ICD, LD_LIBRARY_PATH: FOLDER } }
}
