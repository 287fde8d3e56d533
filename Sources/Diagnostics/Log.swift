internal import Glibc
internal import Synchronization

/// The process's log on standard error: one line an event, written whole by a single write(2).
///
/// Rooms below `Plugin` do not log, they throw; the top of an operation logs once, with its outcome and its time.
public final class Log: Sendable {
    /// The log that the process uses. It is set up once, before the first thread starts.
    public static let shared = Log()

    private struct Setting {
        var level: LogLevel = .info
        var format: LogFormat = .text
    }

    private let setting = Mutex(Setting())

    private init() {}

    public func configure(level: LogLevel, format: LogFormat) {
        setting.withLock { $0 = Setting(level: level, format: format) }
    }

    public func debug(_ message: @autoclosure () -> String, _ fields: LogFields = [:]) {
        write(.debug, message, fields)
    }
    public func info(_ message: @autoclosure () -> String, _ fields: LogFields = [:]) { write(.info, message, fields) }
    public func warning(_ message: @autoclosure () -> String, _ fields: LogFields = [:]) {
        write(.warning, message, fields)
    }
    public func error(_ message: @autoclosure () -> String, _ fields: LogFields = [:]) {
        write(.error, message, fields)
    }

    /// Whether lines of that level are written, for callers whose fields cost something to make.
    public func isEnabled(_ level: LogLevel) -> Bool { setting.withLock { $0.level <= level } }

    /// Writes a line of a level that is only known now.
    public func write(_ level: LogLevel, _ message: String, _ fields: LogFields = [:]) {
        write(level, { message }, fields)
    }

    private func write(_ level: LogLevel, _ message: () -> String, _ fields: LogFields) {
        let setting = setting.withLock { $0 }
        guard setting.level <= level else { return }
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let line = LogLine(
            seconds: Int64(time.tv_sec), milliseconds: Int(time.tv_nsec / 1_000_000), level: level, message: message(),
            fields: fields.pairs)
        var text = (setting.format == .json ? line.json() : line.text()) + "\n"
        // A log that cannot be written must not stop the storage: a short write or an error is let go.
        _ = text.withUTF8 { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
