internal import Devices
internal import Filesystems
internal import Mounts
internal import Pools

// A story calls several rooms, and each throws errors of its own. These carry an error across the boundary, so that the
// story reads as one.

func pooling<Value: ~Copyable>(_ step: @autoclosure () throws(PoolError) -> Value) throws(VolumeError) -> Value {
    do throws(PoolError) { return try step() } catch { throw .pool(error) }
}

func mounting<Value: ~Copyable>(_ step: @autoclosure () throws(MountError) -> Value) throws(VolumeError) -> Value {
    do throws(MountError) { return try step() } catch { throw .mount(error) }
}

func examining<Value: ~Copyable>(_ step: @autoclosure () throws(DeviceError) -> Value) throws(VolumeError) -> Value {
    do throws(DeviceError) { return try step() } catch { throw .device(error) }
}

func tooling<Value: ~Copyable>(_ step: @autoclosure () throws(FilesystemError) -> Value) throws(VolumeError) -> Value {
    do throws(FilesystemError) { return try step() } catch { throw .filesystem(error) }
}
