/** What an engine on a GPU gets of the environment: only how drivers and their libraries are found. */

/** Of the Vulkan loader, the dynamic linker and CUDA. Nothing that could hold a secret. */
const NAMES = (
  'VK_ICD_FILENAMES VK_DRIVER_FILES VK_ADD_DRIVER_FILES VK_LOADER_DRIVERS_SELECT ' +
  'VK_LOADER_DRIVERS_DISABLE XDG_DATA_DIRS LD_LIBRARY_PATH CUDA_VISIBLE_DEVICES CUDA_DEVICE_ORDER'
).split(' ')

export function deviceEnvironment(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = environment[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )
}
