# Completes the command lines of ges in bash. Made by `ges completion bash`; runs nothing.

_ges_words() {
    COMPREPLY=($(compgen -W "$1" -- "$cur"))
}

# Words of a list, set off by commas.
_ges_list() {
    local given=''
    [[ $cur == *,* ]] && given=${cur%,*},
    COMPREPLY=($(compgen -P "$given" -W "$1" -- "${cur##*,}"))
}

# Names of files (-f) or folders (-d).
_ges_names() {
    local IFS=$'\n'
    COMPREPLY=($(compgen "$1" -- "$cur"))
    compopt -o filenames 2>/dev/null
}

_ges() {
    local IFS=$' \t\n' cur prev word command='' ended='' extra=0 i
    COMPREPLY=()
    cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    if [[ $cur == = ]]; then
        cur=''
    elif [[ $prev == = ]]; then
        prev=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
            --)
                ended=1
                break ;;
            --endpoint|--region|--cloud|--iam-endpoint|--project|--project-id|--project-name|--graph|--graph-id|--token-file|--timeout|--retries|--accept|--request-timeout|--connect-timeout|--ca-file|--ca-path|--client-cert|--client-key|--proxy|--no-proxy|--max-response-bytes|--language|-o|--output|--interval|--on-unknown|--not-found-grace|--max-in-flight|--max-rate|--graph-name|--status|--since|--limit|--port|--tls-port|--workers|--faults)
                ((i++))
                [[ ${COMP_WORDS[i]} == = ]] && ((i++)) ;;
            -*|=) ;;
            *)
                if [[ $command ]]; then ((extra++)); else command=$word; fi ;;
        esac
    done
    [[ $ended ]] && return
    case $command in
        '')
            case $prev in
                --endpoint|--cloud|--iam-endpoint|--project|--project-id|--project-name|--graph|--graph-id|--retries|--proxy|--no-proxy|--max-response-bytes|--max-in-flight|--max-rate|--graph-name|--limit|--port|--tls-port|--workers)
                    :
                    return ;;
                --region)
                    _ges_words "cn-north-4 cn-north-1 cn-north-2 cn-east-3 cn-south-1 ap-southeast-1 ap-southeast-3 eu-west-101 ru-moscow-1"
                    return ;;
                --token-file|--ca-file|--client-cert|--client-key)
                    _ges_names -f
                    return ;;
                --timeout|--request-timeout|--connect-timeout|--interval|--not-found-grace)
                    _ges_words "1s 5s 15s 30s 1m 5m 30m 1h 2h 6h"
                    return ;;
                --accept)
                    _ges_list "success partial failed unknown"
                    return ;;
                --ca-path)
                    _ges_names -d
                    return ;;
                --language)
                    _ges_words "en-us zh-cn"
                    return ;;
                -o|--output)
                    _ges_words "table json jsonl tsv yaml"
                    return ;;
                --on-unknown)
                    _ges_words "wait error"
                    return ;;
                --status)
                    _ges_words "pending waiting running success partiallyFailed failed"
                    return ;;
                --since)
                    _ges_words "30m 2h 1d 7d"
                    return ;;
                --faults)
                    _ges_list "throttle unavailable html slow half bad_json drop other_job no_job token_expired wrong_key locked_key forbidden other_project"
                    return ;;
            esac
            if [[ $cur == -* ]]; then
                _ges_words "--endpoint --region --cloud --iam-endpoint --project --project-id --project-name --graph --graph-id --token-file --timeout --retries --accept --request-timeout --connect-timeout --ca-file --ca-path --client-cert --client-key --no-verify --proxy --no-proxy --insecure-http --max-response-bytes --language -o --output --no-header -q --quiet -v --verbose --no-color -h --help --interval --on-unknown --not-found-grace --running --max-in-flight --max-rate --graph-name --status --since --limit --port --tls --tls-port --workers --jobs --faults --version"
            elif ((extra == 0)); then
                _ges_words "status wait watch jobs sim doctor version completion"
            fi ;;
        status)
            case $prev in
                --endpoint|--cloud|--iam-endpoint|--project|--project-id|--project-name|--graph|--graph-id|--retries|--proxy|--no-proxy|--max-response-bytes)
                    :
                    return ;;
                --region)
                    _ges_words "cn-north-4 cn-north-1 cn-north-2 cn-east-3 cn-south-1 ap-southeast-1 ap-southeast-3 eu-west-101 ru-moscow-1"
                    return ;;
                --token-file|--ca-file|--client-cert|--client-key)
                    _ges_names -f
                    return ;;
                --timeout|--request-timeout|--connect-timeout)
                    _ges_words "1s 5s 15s 30s 1m 5m 30m 1h 2h 6h"
                    return ;;
                --accept)
                    _ges_list "success partial failed unknown"
                    return ;;
                --ca-path)
                    _ges_names -d
                    return ;;
                --language)
                    _ges_words "en-us zh-cn"
                    return ;;
                -o|--output)
                    _ges_words "table json jsonl tsv yaml"
                    return ;;
            esac
            if [[ $cur == -* ]]; then
                _ges_words "--endpoint --region --cloud --iam-endpoint --project --project-id --project-name --graph --graph-id --token-file --timeout --retries --accept --request-timeout --connect-timeout --ca-file --ca-path --client-cert --client-key --no-verify --proxy --no-proxy --insecure-http --max-response-bytes --language -o --output --no-header -q --quiet -v --verbose --no-color -h --help"
            fi ;;
        wait)
            case $prev in
                --endpoint|--cloud|--iam-endpoint|--project|--project-id|--project-name|--graph|--graph-id|--max-in-flight|--max-rate|--proxy|--no-proxy|--max-response-bytes)
                    :
                    return ;;
                --region)
                    _ges_words "cn-north-4 cn-north-1 cn-north-2 cn-east-3 cn-south-1 ap-southeast-1 ap-southeast-3 eu-west-101 ru-moscow-1"
                    return ;;
                --token-file|--ca-file|--client-cert|--client-key)
                    _ges_names -f
                    return ;;
                --timeout|--interval|--not-found-grace|--request-timeout|--connect-timeout)
                    _ges_words "1s 5s 15s 30s 1m 5m 30m 1h 2h 6h"
                    return ;;
                --accept)
                    _ges_list "success partial failed unknown"
                    return ;;
                --on-unknown)
                    _ges_words "wait error"
                    return ;;
                --ca-path)
                    _ges_names -d
                    return ;;
                --language)
                    _ges_words "en-us zh-cn"
                    return ;;
                -o|--output)
                    _ges_words "table json jsonl tsv yaml"
                    return ;;
            esac
            if [[ $cur == -* ]]; then
                _ges_words "--endpoint --region --cloud --iam-endpoint --project --project-id --project-name --graph --graph-id --token-file --timeout --interval --accept --on-unknown --not-found-grace --running --max-in-flight --max-rate --request-timeout --connect-timeout --ca-file --ca-path --client-cert --client-key --no-verify --proxy --no-proxy --insecure-http --max-response-bytes --language -o --output --no-header -q --quiet -v --verbose --no-color -h --help"
            fi ;;
        watch)
            case $prev in
                --endpoint|--cloud|--iam-endpoint|--project|--project-id|--project-name|--graph|--graph-id|--proxy|--no-proxy|--max-response-bytes)
                    :
                    return ;;
                --region)
                    _ges_words "cn-north-4 cn-north-1 cn-north-2 cn-east-3 cn-south-1 ap-southeast-1 ap-southeast-3 eu-west-101 ru-moscow-1"
                    return ;;
                --token-file|--ca-file|--client-cert|--client-key)
                    _ges_names -f
                    return ;;
                --timeout|--interval|--not-found-grace|--request-timeout|--connect-timeout)
                    _ges_words "1s 5s 15s 30s 1m 5m 30m 1h 2h 6h"
                    return ;;
                --accept)
                    _ges_list "success partial failed unknown"
                    return ;;
                --on-unknown)
                    _ges_words "wait error"
                    return ;;
                --ca-path)
                    _ges_names -d
                    return ;;
                --language)
                    _ges_words "en-us zh-cn"
                    return ;;
                -o|--output)
                    _ges_words "json jsonl"
                    return ;;
            esac
            if [[ $cur == -* ]]; then
                _ges_words "--endpoint --region --cloud --iam-endpoint --project --project-id --project-name --graph --graph-id --token-file --timeout --interval --accept --on-unknown --not-found-grace --request-timeout --connect-timeout --ca-file --ca-path --client-cert --client-key --no-verify --proxy --no-proxy --insecure-http --max-response-bytes --language -o --output -q --quiet -v --verbose -h --help"
            fi ;;
        jobs)
            case $prev in
                --endpoint|--cloud|--iam-endpoint|--project|--project-id|--project-name|--graph|--graph-id|--graph-name|--limit|--retries|--proxy|--no-proxy|--max-response-bytes)
                    :
                    return ;;
                --region)
                    _ges_words "cn-north-4 cn-north-1 cn-north-2 cn-east-3 cn-south-1 ap-southeast-1 ap-southeast-3 eu-west-101 ru-moscow-1"
                    return ;;
                --token-file|--ca-file|--client-cert|--client-key)
                    _ges_names -f
                    return ;;
                --status)
                    _ges_words "pending waiting running success partiallyFailed failed"
                    return ;;
                --since)
                    _ges_words "30m 2h 1d 7d"
                    return ;;
                --timeout|--request-timeout|--connect-timeout)
                    _ges_words "1s 5s 15s 30s 1m 5m 30m 1h 2h 6h"
                    return ;;
                --accept)
                    _ges_list "success partial failed unknown"
                    return ;;
                --ca-path)
                    _ges_names -d
                    return ;;
                --language)
                    _ges_words "en-us zh-cn"
                    return ;;
                -o|--output)
                    _ges_words "table json jsonl tsv yaml"
                    return ;;
            esac
            if [[ $cur == -* ]]; then
                _ges_words "--endpoint --region --cloud --iam-endpoint --project --project-id --project-name --graph --graph-id --token-file --graph-name --status --since --limit --timeout --retries --accept --request-timeout --connect-timeout --ca-file --ca-path --client-cert --client-key --no-verify --proxy --no-proxy --insecure-http --max-response-bytes --language -o --output --no-header -q --quiet -v --verbose --no-color -h --help"
            fi ;;
        sim)
            case $prev in
                --port|--tls-port|--workers)
                    :
                    return ;;
                --faults)
                    _ges_list "throttle unavailable html slow half bad_json drop other_job no_job token_expired wrong_key locked_key forbidden other_project"
                    return ;;
            esac
            if [[ $cur == -* ]]; then
                _ges_words "--port --tls --tls-port --workers --jobs --faults -h --help"
            fi ;;
        doctor)
            case $prev in
                --endpoint|--cloud|--iam-endpoint|--project|--project-id|--project-name|--graph|--graph-id|--proxy|--no-proxy|--max-response-bytes)
                    :
                    return ;;
                --region)
                    _ges_words "cn-north-4 cn-north-1 cn-north-2 cn-east-3 cn-south-1 ap-southeast-1 ap-southeast-3 eu-west-101 ru-moscow-1"
                    return ;;
                --token-file|--ca-file|--client-cert|--client-key)
                    _ges_names -f
                    return ;;
                --request-timeout|--connect-timeout)
                    _ges_words "1s 5s 15s 30s 1m 5m 30m 1h 2h 6h"
                    return ;;
                --ca-path)
                    _ges_names -d
                    return ;;
                --language)
                    _ges_words "en-us zh-cn"
                    return ;;
                -o|--output)
                    _ges_words "table json jsonl tsv yaml"
                    return ;;
            esac
            if [[ $cur == -* ]]; then
                _ges_words "--endpoint --region --cloud --iam-endpoint --project --project-id --project-name --graph --graph-id --token-file --request-timeout --connect-timeout --ca-file --ca-path --client-cert --client-key --no-verify --proxy --no-proxy --insecure-http --max-response-bytes --language -o --output --no-color -h --help"
            fi ;;
        version)
            case $prev in
                -o|--output)
                    _ges_words "table json jsonl tsv yaml"
                    return ;;
            esac
            if [[ $cur == -* ]]; then
                _ges_words "-o --output -h --help"
            fi ;;
        completion)
            case $prev in
            esac
            if [[ $cur == -* ]]; then
                _ges_words "-h --help"
            elif ((extra == 0)); then
                _ges_words "bash zsh fish"
            fi ;;
    esac
}

complete -F _ges ges
