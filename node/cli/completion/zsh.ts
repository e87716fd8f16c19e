/** Completion for zsh: a function for compsys, for a folder of fpath or to be sourced. */
import { type CompletionNode, type CompletionOption, valueFlags } from './tree.ts'

export function zshCompletion(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => quoted(path))
  return `#compdef cocoon
# zsh completion for cocoon; load it with: source <(cocoon completion zsh)
_cocoon_takes_value() {
  case "$1 $2" in
${nodes.flatMap(flagCase).join('\n')}
  esac
  return 1
}
_cocoon() {
  local at='' previous='' word next
  local -i i
  local -a entries options
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if _cocoon_takes_value "$at" "$previous"; then previous=''; continue; fi
    next=\${at:+$at }$word
    case $next in
      (${paths.join('|')}) at=$next ;;
    esac
    previous=$word
  done
  case "$at $previous" in
${valueCases(nodes)}
  esac
  case $at in
${nodes.map(entryCase).join('\n')}
  esac
  _describe -t commands command entries
  _describe -t options option options
${argumentLine(nodes)}}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _cocoon "$@"; else compdef _cocoon cocoon; fi
`
}

function entryCase({ path, commands, options }: CompletionNode): string {
  const entries = commands.map(({ name, description }) => described(name, description))
  const flags = options.map(({ long, description }) => described(long, description))
  return `    (${quoted(path)}) entries=(${entries.join(' ')}); options=(${flags.join(' ')}) ;;`
}

function flagCase(node: CompletionNode): string[] {
  const flags = valueFlags(node)
  return flags.length === 0
    ? []
    : [`    (${flags.map((flag) => quoted(`${node.path} ${flag}`)).join('|')}) return 0 ;;`]
}

function valueCases(nodes: readonly CompletionNode[]): string {
  const kinds: readonly (readonly [CompletionOption['value'], string])[] = [
    ['file', '_files; return'],
    ['folder', '_files -/; return'],
    ['text', 'return'],
  ]
  return kinds
    .flatMap(([kind, action]) => {
      const patterns = nodes.flatMap(({ path, options }) =>
        options.filter(({ value }) => value === kind).map(({ long }) => quoted(`${path} ${long}`)),
      )
      return patterns.length === 0 ? [] : [`    (${patterns.join('|')}) ${action} ;;`]
    })
    .join('\n')
}

function argumentLine(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ argument }) => argument === 'file').map(({ path }) => quoted(path))
  return paths.length === 0 ? '' : `  case $at in\n    (${paths.join('|')}) _files ;;\n  esac\n`
}

/** `name:description`; a colon of the name would end it. */
function described(name: string, description: string): string {
  return quoted(`${name.replace(/:/g, '\\:')}:${description}`)
}

const quoted = (text: string): string => `'${text.replace(/'/g, `'\\''`)}'`
