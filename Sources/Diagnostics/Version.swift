/// The version of every executable of the project, told by GetPluginInfo and `--version`. It stands nowhere else.
public enum Version {
    public static let current = "0.1.0"
}
