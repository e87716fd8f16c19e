/** One line of a survey. */
export interface SurveyLine {
  readonly name: string
  readonly status: 'pass' | 'warn' | 'fail'
  readonly detail: string
  /** What to do; empty when there is nothing. */
  readonly remedy: string
}

export function line(
  name: string,
  status: SurveyLine['status'],
  detail: string,
  remedy = '',
): SurveyLine {
  return { name, status, detail, remedy }
}
