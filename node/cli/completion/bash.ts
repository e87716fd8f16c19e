/** Completion for bash 4 and later; it needs no other package. */
import { type CompletionNode, type CompletionOption, valueFlags } from './tree.ts'

export function bashCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `'${path}'`)
  return `# bash completion for cocoon; load it with: source <(cocoon completion bash)
_cocoon() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous='' at='' word next i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if _cocoon_takes_value "$at" "$previous"; then previous=''; continue; fi
    next=\${at:+$at }$word
    case $next in
      ${paths.join(' | ')}) at=$next ;;
    esac
    previous=$word
  done
  case "$at $previous" in
${valueCases(nodes)}
  esac
  local words=''
  case $at in
${nodes.map(wordCase).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  case $at in
${argumentCases(nodes)}
  esac
}
_cocoon_takes_value() {
  case "$1 $2" in
${nodes.flatMap(flagCase).join('\n')}
  esac
  return 1
}
complete -F _cocoon cocoon
`
}

function wordCase({ path, commands, options }: CompletionNode): string {
  const words = [...commands.map(({ name }) => name), ...options.map(({ long }) => long)]
  return `    '${path}') words='${words.join(' ')}' ;;`
}

function flagCase(node: CompletionNode): string[] {
  const flags = valueFlags(node)
  return flags.length === 0
    ? []
    : [`    ${flags.map((flag) => `'${node.path} ${flag}'`).join(' | ')}) return 0 ;;`]
}

function valueCases(nodes: readonly CompletionNode[]): string {
  const kinds: readonly (readonly [CompletionOption['value'], string])[] = [
    ['file', 'compopt -o filenames; COMPREPLY=($(compgen -f -- "$current")); return'],
    ['folder', 'compopt -o filenames; COMPREPLY=($(compgen -d -- "$current")); return'],
    ['text', 'return'],
  ]
  return kinds
    .flatMap(([kind, action]) => {
      const patterns = nodes.flatMap(({ path, options }) =>
        options.filter(({ value }) => value === kind).map(({ long }) => `'${path} ${long}'`),
      )
      return patterns.length === 0 ? [] : [`    ${patterns.join(' | ')}) ${action} ;;`]
    })
    .join('\n')
}

function argumentCases(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ argument }) => argument === 'file').map(({ path }) => `'${path}'`)
  if (paths.length === 0) return "    '') ;;"
  return `    ${paths.join(' | ')}) compopt -o filenames; COMPREPLY+=($(compgen -f -- "$current")) ;;`
}
