/** Numbers of the enums in onnxruntime_c_api.h that calls are made with. */

/** ONNXTensorElementDataType */
export const ELEMENT = { float32: 1, uint8: 2, int8: 3, int64: 7, float16: 10 } as const
/** OrtLoggingLevel: errors. */
export const LOG_ERRORS_ONLY = 3
/** GraphOptimizationLevel ORT_ENABLE_ALL, ExecutionMode ORT_SEQUENTIAL: as ../runtime.ts names them. */
export const OPTIMISE_ALL = 99
export const SEQUENTIAL = 0
/** OrtAllocatorType */
export const ALLOCATOR = { device: 0, arena: 1 } as const
/** OrtMemTypeDefault */
export const DEFAULT_MEMORY = 0
