internal import Glibc

/// Where options are looked up that the command line does not give.
public enum Environment {
    /// The value of a variable of this process. To be asked before any thread changes the environment.
    public static func process(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
