public import Syscalls

/// Why a device could not be attached, read or examined.
public enum DeviceError: Error, Sendable, CustomStringConvertible {
    case system(SystemError)
    /// libblkid could not read the device. It says nothing about what the device holds.
    case unreadable(device: String, code: Int32)
    /// Every free loop device was taken by somebody else first.
    case noFreeLoop(tries: Int)
    /// The device is not the one that was expected there.
    case changed(device: String, found: String, expected: String)

    public var description: String {
        switch self {
        case .system(let error): "\(error)"
        case .unreadable(let device, let code):
            "could not read \(device) to see what it holds: \(SystemError("probe", device, code: code)); "
                + "it is left untouched: check the kernel log for I/O errors"
        case .noFreeLoop(let tries):
            "no free loop device was had in \(tries) tries, other processes take them: try again"
        case .changed(let device, let found, let expected):
            "\(device) is \(found), not \(expected); it is left untouched"
        }
    }
}
