/**
 * Which functions of onnxruntime's C API are called, and where they stand in its table: places in the struct
 * OrtApi of onnxruntime_c_api.h, which is append-only
 * (https://onnxruntime.ai/docs/reference/compatibility.html). Compared, by a compiler's offsetof over every
 * member, with the header of API version 29 (425 members, those of versions 15 to 28 its beginning), and with
 * that of version 30, which appends one. In the library itself each function is told by what it answers:
 * test/inference/native-table.test.ts.
 */

/** The version of the library that the table holds for. */
export const ORT_VERSION = '1.30.0'
/** All functions used were there in API version 18, so that newer libraries keep them in place. */
export const ORT_API_VERSION = 18
export const TABLE_LENGTH = 280

/** Place and C declaration; `%` stands for the name. */
export const FUNCTIONS = {
  createStatus: [0, 'void *%(int code, const char *message)'],
  getErrorCode: [1, 'int %(const void *status)'],
  getErrorMessage: [2, 'const char *%(const void *status)'],
  createEnv: [3, 'void *%(int severity, const char *id, _Out_ void **env)'],
  createSessionFromArray: [
    8,
    'void *%(void *env, const void *model, size_t length, void *options, _Out_ void **session)',
  ],
  run: [
    9,
    'void *%(void *session, void *options, const void *inputNames, const void *inputs, size_t inputCount, const void *outputNames, size_t outputCount, void *outputs)',
  ],
  createSessionOptions: [10, 'void *%(_Out_ void **options)'],
  setSessionExecutionMode: [13, 'void *%(void *options, int mode)'],
  setSessionGraphOptimizationLevel: [23, 'void *%(void *options, int level)'],
  setIntraOpNumThreads: [24, 'void *%(void *options, int threads)'],
  setInterOpNumThreads: [25, 'void *%(void *options, int threads)'],
  createRunOptions: [39, 'void *%(_Out_ void **options)'],
  runOptionsSetTerminate: [46, 'void *%(void *options)'],
  createTensorWithData: [
    49,
    'void *%(void *memory, void *data, size_t bytes, const void *shape, size_t rank, int type, _Out_ void **value)',
  ],
  createMemoryInfo: [
    68,
    'void *%(const char *name, int allocator, int device, int memory, _Out_ void **info)',
  ],
  createCpuMemoryInfo: [69, 'void *%(int allocator, int memory, _Out_ void **info)'],
  allocatorAlloc: [75, 'void *%(void *allocator, size_t bytes, _Out_ void **data)'],
  allocatorFree: [76, 'void *%(void *allocator, void *data)'],
  releaseStatus: [93, 'void %(void *status)'],
  releaseMemoryInfo: [94, 'void %(void *info)'],
  releaseSession: [95, 'void %(void *session)'],
  releaseValue: [96, 'void %(void *value)'],
  releaseRunOptions: [97, 'void %(void *options)'],
  releaseSessionOptions: [100, 'void %(void *options)'],
  createAllocator: [131, 'void *%(void *session, const void *memory, _Out_ void **allocator)'],
  releaseAllocator: [132, 'void %(void *allocator)'],
  appendCuda: [204, 'void *%(void *options, const void *cuda)'],
  createCudaOptions: [205, 'void *%(_Out_ void **cuda)'],
  updateCudaOptions: [
    206,
    'void *%(void *cuda, const void *keys, const void *values, size_t count)',
  ],
  releaseCudaOptions: [208, 'void %(void *cuda)'],
  addExternalInitializersFromFilesInMemory: [
    279,
    'void *%(void *options, const void *names, const void *buffers, const void *lengths, size_t count)',
  ],
} as const satisfies Record<string, readonly [number, string]>
