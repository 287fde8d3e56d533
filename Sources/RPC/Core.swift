internal import CGRPC
internal import Glibc
internal import Syscalls

/// The gRPC C core as a whole: its start, its clock and its log.
enum Core {
    /// Starts the core once for the process, which keeps it: `grpc_shutdown` cleans up on a thread of its own, and a
    /// start that meets such a clean-up has to wait for it.
    static func start() { _ = started }

    private static let started: Void = {
        silenceLog()
        stopDeadlockDetection()
        grpc_init()
    }()

    /// The core logs what peers do wrong as errors. Each comes back to us as a status as well, so only what ends the
    /// process is printed, unless somebody asks for the log in the core's own way.
    private static func silenceLog() {
        if getenv("GRPC_VERBOSITY") != nil || getenv("GRPC_TRACE") != nil { return }
        gpr_set_log_function { entry in
            guard let entry, let message = entry.pointee.message else { return }
            let isFatal = strstr(message, "assertion failed") != nil || strstr(message, "abort") != nil
            if entry.pointee.severity == GPR_LOG_SEVERITY_ERROR && isFatal {
                let line = "gRPC: \(String(cString: message))\n"
                _ = write(STDERR_FILENO, line, line.utf8.count)
            }
        }
    }

    /// Debian builds Abseil with its deadlock detection, which puts every lock of the core into one global graph under
    /// one global lock: 5 to 10 % of a call, measured. Where the symbol is not there, nothing changes.
    private static func stopDeadlockDetection() {
        holdfast_stop_deadlock_detection()
    }

    /// The moment that many seconds from now, as the core writes it. `nil` is never.
    static func deadline(seconds: Double?) -> gpr_timespec {
        guard let seconds, seconds < 1e9 else { return gpr_inf_future(GPR_CLOCK_MONOTONIC) }
        let nanoseconds = Int64(max(0, seconds) * 1e9)
        return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_nanos(nanoseconds, GPR_TIMESPAN))
    }

    /// The core's monotonic clock is CLOCK_MONOTONIC on Linux, as `Moment` is. `nil` for a deadline that never comes.
    static func moment(_ time: gpr_timespec) -> Moment? {
        let time = gpr_convert_clock_type(time, GPR_CLOCK_MONOTONIC)
        let (seconds, overflow) = time.tv_sec.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, carry) = seconds.addingReportingOverflow(Int64(time.tv_nsec))
        return overflow || carry ? nil : Moment(nanoseconds: sum)
    }

    /// Calls `body` with the channel arguments of a server or a client.
    static func withArguments<Result>(
        _ values: [(key: String, value: CInt)], _ body: (UnsafePointer<grpc_channel_args>) -> Result
    ) -> Result {
        let keys = values.map { strdup($0.key) }
        defer { for key in keys { free(key) } }
        var list = zip(keys, values).map { key, entry in
            var argument = grpc_arg()
            argument.type = GRPC_ARG_INTEGER
            argument.key = key
            argument.value.integer = entry.value
            return argument
        }
        return list.withUnsafeMutableBufferPointer { list in
            var arguments = grpc_channel_args(num_args: list.count, args: list.baseAddress)
            return body(&arguments)
        }
    }

    /// What servers and clients have in common. There is no network between them, so no bandwidth to be measured by
    /// pings and nothing worth compressing; the channel registry (channelz) has no reader.
    static let commonArguments: [(key: String, value: CInt)] = [
        (GRPC_ARG_HTTP2_BDP_PROBE, 0),
        (GRPC_ARG_ENABLE_PER_MESSAGE_COMPRESSION, 0),
        (GRPC_ARG_ENABLE_CHANNELZ, 0),
    ]
}
