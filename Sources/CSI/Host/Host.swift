/// What a Holdfast node knows and CSI has no words for: the messages and the calls of `proto/holdfast.proto`, which are
/// served on the CSI socket. `CSIClient` makes them like CSI's own.
public enum Host {
    public static let listVolumes = CSIMethod.Unary<ListVolumesRequest, ListVolumesResponse>(
        "/holdfast.v1.Host/ListVolumes")
    public static let listOperations = CSIMethod.Unary<ListOperationsRequest, ListOperationsResponse>(
        "/holdfast.v1.Host/ListOperations")
    public static let getHealth = CSIMethod.Unary<GetHealthRequest, GetHealthResponse>("/holdfast.v1.Host/GetHealth")
    public static let getMetrics = CSIMethod.Unary<GetMetricsRequest, GetMetricsResponse>(
        "/holdfast.v1.Host/GetMetrics")

    /// The paths of all calls.
    public static let allPaths: [String] = [listVolumes.path, listOperations.path, getHealth.path, getMetrics.path]
}
