# Sourced by the other scripts: where the checkout lies, where Swift is, and who we are.
# shellcheck shell=bash

# shellcheck disable=SC2034
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# Runs a command as root, with or without sudo.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Puts Swift on PATH: from PATH itself, then $SWIFT_HOME, then the usual install folders.
find_swift() {
    command -v swift >/dev/null 2>&1 && return 0
    local folder
    for folder in "${SWIFT_HOME:-}/usr/bin" "${SWIFT_HOME:-}/bin" /opt/swift/usr/bin /opt/swift/bin \
        /usr/share/swift/usr/bin /usr/local/swift/usr/bin /usr/libexec/swift/bin "$HOME/.local/share/swiftly/bin" \
        "$HOME/swift/usr/bin"; do
        if [ -x "$folder/swift" ]; then
            PATH="$folder:$PATH"
            export PATH
            return 0
        fi
    done
    echo "No Swift toolchain was found on PATH, in \$SWIFT_HOME or in the usual folders; install Swift 6.2 or newer." >&2
    return 1
}

# Builds see every undeclared import as an error.
# shellcheck disable=SC2034
swift_flags=(--explicit-target-dependency-import-check error)
