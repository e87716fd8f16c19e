/** The answering side of /cocoon/job/1, the same for a client and for a peer that carries its job. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf'
import { toHex } from '#protocol/bytes.ts'
import { JOBS_RESPONSE_MAX } from '#protocol/market/constants.ts'
import type { OpenedJob } from '#protocol/market/job.ts'
import { JobsRequestSchema, JobsResponseSchema } from '#protocol/wire/gen/cocoon_pb.ts'

/** Records of the jobs of the model that is asked for, or of all; JOBS_RESPONSE_MAX at most. */
export function answerJobs(question: Uint8Array, jobs: readonly OpenedJob[]): Uint8Array {
  const { modelRoot } = fromBinary(JobsRequestSchema, question, { readUnknownFields: false })
  const wanted = toHex(modelRoot)
  const records = jobs
    .filter((job) => wanted === '' || toHex(job.contents.modelRoot) === wanted)
    .slice(0, JOBS_RESPONSE_MAX)
    .map(({ record }) => record)
  return toBinary(JobsResponseSchema, create(JobsResponseSchema, { jobs: records }))
}
