internal import Synchronization

/// Counts the runs of external programs: mkfs, fsck and their like. One for the process.
public final class ToolRuns: Sendable {
    public static let shared = ToolRuns()

    /// How a run ended: with exit status 0, with another one or by a signal, or not by itself. Another status can be good news:
    /// e2fsck says 1 when it has mended something.
    public enum Ending: String, Sendable { case ok, nonzero, killed }

    public struct Figures: Sendable {
        public let tool: String
        public let ending: Ending
        public fileprivate(set) var runs: Int64 = 0
        public fileprivate(set) var seconds = 0.0
    }

    /// A handful: the tools are those of the filesystems.
    private let figures = Mutex<[Figures]>([])

    init() {}

    public func note(_ tool: String, _ ending: Ending, seconds: Double) {
        figures.withLock { figures in
            let index =
                figures.firstIndex { $0.tool == tool && $0.ending == ending }
                ?? {
                    figures.append(Figures(tool: tool, ending: ending))
                    return figures.count - 1
                }()
            figures[index].runs += 1
            figures[index].seconds += seconds
        }
    }

    public var all: [Figures] { figures.withLock { $0 } }
}
