internal import Devices
internal import Syscalls

// A pool's work calls the kernel and the devices' room, which throw errors of their own. These carry them across the
// boundary, so that the work reads as one.

func kernel<Value: ~Copyable>(_ call: @autoclosure () throws(SystemError) -> Value) throws(PoolError) -> Value {
    do throws(SystemError) { return try call() } catch { throw .system(error) }
}

func onDevice<Value: ~Copyable>(_ call: @autoclosure () throws(DeviceError) -> Value) throws(PoolError) -> Value {
    do throws(DeviceError) { return try call() } catch { throw .device(error) }
}
