/// How kubelet learns of a plugin: the messages and the calls of `proto/pluginregistration.proto`. They are served on a
/// socket of their own, in a folder that kubelet watches.
public enum Registration {
    public static let getInfo = CSIMethod.Unary<InfoRequest, PluginInfo>("/pluginregistration.Registration/GetInfo")
    public static let notifyRegistrationStatus = CSIMethod.Unary<RegistrationStatus, RegistrationStatusResponse>(
        "/pluginregistration.Registration/NotifyRegistrationStatus")

    /// The paths of all calls.
    public static let allPaths: [String] = [getInfo.path, notifyRegistrationStatus.path]
}
