# Completes the command lines of ges in fish. Made by `ges completion fish`; runs nothing.

# The command's name, where it was given.
function __fish_ges_command
    set -l words (commandline -opc)
    set -l skip 0
    for word in $words[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --endpoint --region --cloud --iam-endpoint --project --project-id --project-name --graph --graph-id --token-file --timeout --retries --accept --request-timeout --connect-timeout --ca-file --ca-path --client-cert --client-key --proxy --no-proxy --max-response-bytes --language -o --output --interval --on-unknown --not-found-grace --max-in-flight --max-rate --graph-name --status --since --limit --port --tls-port --workers --faults
                set skip 1
            case '-*'
            case '*'
                echo $word
                return 0
        end
    end
    return 1
end

function __fish_ges_none
    not __fish_ges_command >/dev/null
end

# Whether the command is one of these, or not given yet.
function __fish_ges_in
    set -l name (__fish_ges_command)
    or return 0
    contains -- $name $argv
end

# Whether the command is this, and has no word yet.
function __fish_ges_after
    set -l words (commandline -opc)
    test "$words[-1]" = $argv[1]
    and __fish_ges_in $argv
end

# The value that is being typed, without its option.
function __fish_ges_value
    commandline -ct | string replace -r '^--[a-z-]*=' ''
end

function __fish_ges_folders
    __fish_complete_directories (__fish_ges_value)
end

# Words of a list, set off by commas.
function __fish_ges_list
    set -l given (__fish_ges_value | string replace -r '[^,]*$' '')
    for word in $argv
        echo "$given$word"
    end
end

complete -c ges -f
complete -c ges -n __fish_ges_none -a status -d 'show the status of jobs'
complete -c ges -n __fish_ges_none -a wait -d 'wait until jobs are done'
complete -c ges -n __fish_ges_none -a watch -d 'write the events of a wait as JSON lines'
complete -c ges -n __fish_ges_none -a jobs -d 'list the jobs of a graph or a project'
complete -c ges -n __fish_ges_none -a sim -d 'serve a simulated GES on this machine'
complete -c ges -n __fish_ges_none -a doctor -d 'check versions, connection, clock and credentials'
complete -c ges -n __fish_ges_none -a version -d 'show the versions'
complete -c ges -n __fish_ges_none -a completion -d 'print a completion script for a shell'
complete -c ges -n '__fish_ges_after completion' -a 'bash zsh fish'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l endpoint -x -d 'address of the service: [https://]host[:port][/prefix]'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l region -x -a 'cn-north-4 cn-north-1 cn-north-2 cn-east-3 cn-south-1 ap-southeast-1 ap-southeast-3 eu-west-101 ru-moscow-1' -d 'region, such as cn-north-4, instead of --endpoint'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l cloud -x -d 'domain of another cloud, for --region'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l iam-endpoint -x -d 'address of IAM, for logins and project lookups (else by --region)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l project -l project-id -x -d 'id of the project (else that of the credentials)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l project-name -x -d 'name of the project; its id is looked up'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l graph -l graph-id -x -d 'id of the graph'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l token-file -r -F -d 'read the token from FILE, - for stdin (else GES_TOKEN, then access keys)'
complete -c ges -n '__fish_ges_in status jobs' -l timeout -x -a '1s 5s 15s 30s 1m 5m 30m 1h 2h 6h' -d 'time limit for the whole call, pauses included (30s); 0 asks once'
complete -c ges -n '__fish_ges_in status jobs' -l retries -x -d 'further attempts after a transient failure (2)'
complete -c ges -n '__fish_ges_in status wait watch jobs' -l accept -x -a '(__fish_ges_list success partial failed unknown)' -d 'success, partial, failed or unknown: outcomes that count as success, besides success itself'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l request-timeout -x -a '1s 5s 15s 30s 1m 5m 30m 1h 2h 6h' -d 'time limit for one HTTP attempt (15s)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l connect-timeout -x -a '1s 5s 15s 30s 1m 5m 30m 1h 2h 6h' -d 'time limit for opening a connection (5s)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l ca-file -r -F -d 'file of certificate authorities (else CURL_CA_BUNDLE, SSL_CERT_FILE)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l ca-path -x -a '(__fish_ges_folders)' -d 'folder of certificate authorities (else SSL_CERT_DIR)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l client-cert -r -F -d 'file of the client certificate'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l client-key -r -F -d 'file of the client certificate\'s key'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l no-verify -d 'skip certificate verification; the token may go to an impostor'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l proxy -x -d 'URL of a proxy, empty for none (else HTTPS_PROXY)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l no-proxy -x -d 'hosts to connect to without the proxy (else NO_PROXY)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l insecure-http -d 'allow http:// to another machine; the token is sent in clear text'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l max-response-bytes -x -d 'refuse answers that are larger (8388608)'
complete -c ges -n '__fish_ges_in status wait watch jobs doctor' -l language -x -a 'en-us zh-cn' -d 'en-us or zh-cn: language of the service\'s messages'
complete -c ges -n '__fish_ges_in status wait jobs doctor version' -s o -l output -x -a 'table json jsonl tsv yaml' -d 'table (default), json, jsonl, tsv or yaml (or --output)'
complete -c ges -n '__fish_ges_in status wait jobs' -l no-header -d 'leave out the header line of tsv and of lists'
complete -c ges -n '__fish_ges_in status wait watch jobs' -s q -l quiet -d 'no progress, no warnings (or --quiet)'
complete -c ges -n '__fish_ges_in status wait watch jobs' -s v -l verbose -d 'show every request (or --verbose)'
complete -c ges -n '__fish_ges_in status wait jobs doctor' -l no-color -d 'no colours (also NO_COLOR)'
complete -c ges -n '__fish_ges_in status wait watch jobs sim doctor version completion' -s h -l help -d 'show this help'
complete -c ges -n '__fish_ges_in wait watch' -l timeout -x -a '1s 5s 15s 30s 1m 5m 30m 1h 2h 6h' -d 'time limit for the whole call, pauses included (1h); 0 asks once'
complete -c ges -n '__fish_ges_in wait watch' -l interval -x -a '1s 5s 15s 30s 1m 5m 30m 1h 2h 6h' -d 'fixed time between two polls (else 10% of the time waited)'
complete -c ges -n '__fish_ges_in wait watch' -l on-unknown -x -a 'wait error' -d 'wait or error: what to do about an undocumented status (else wait)'
complete -c ges -n '__fish_ges_in wait watch' -l not-found-grace -x -a '1s 5s 15s 30s 1m 5m 30m 1h 2h 6h' -d 'how long a new job may be reported as not found (10s)'
complete -c ges -n '__fish_ges_in wait' -l running -d 'instead of JOB: all jobs of the graph that are pending or running'
complete -c ges -n '__fish_ges_in wait' -l max-in-flight -x -d 'most requests at a time (8)'
complete -c ges -n '__fish_ges_in wait' -l max-rate -x -d 'most requests per second (50)'
complete -c ges -n '__fish_ges_in watch' -s o -l output -x -a 'json jsonl' -d 'json or jsonl, which are the same here: JSON lines (or --output)'
complete -c ges -n '__fish_ges_in jobs' -l graph-name -x -d 'name of the graph, instead of --graph'
complete -c ges -n '__fish_ges_in jobs' -l status -x -a 'pending waiting running success partiallyFailed failed' -d 'pending, waiting, running, success, partiallyFailed or failed: only jobs with this status'
complete -c ges -n '__fish_ges_in jobs' -l since -x -a '30m 2h 1d 7d' -d 'jobs that began since then: a time ago, such as 2h, or a day, yyyy-MM-dd (UTC)'
complete -c ges -n '__fish_ges_in jobs' -l limit -x -d 'list at most this many jobs (1000)'
complete -c ges -n '__fish_ges_in sim' -l port -x -d 'port to listen on (a free port)'
complete -c ges -n '__fish_ges_in sim' -l tls -d 'serve https as well'
complete -c ges -n '__fish_ges_in sim' -l tls-port -x -d 'port to listen on for https; --tls is not needed then'
complete -c ges -n '__fish_ges_in sim' -l workers -x -d 'nginx workers (1)'
complete -c ges -n '__fish_ges_in sim' -l jobs -d 'start a job of each kind, to wait for'
complete -c ges -n '__fish_ges_in sim' -l faults -x -a '(__fish_ges_list throttle unavailable html slow half bad_json drop other_job no_job token_expired wrong_key locked_key forbidden other_project)' -d 'faults of the first calls, see below'
complete -c ges -n '__fish_ges_none' -l version -d 'show the version'
