// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    // Imported unasked, the library of regular expressions, which nothing here needs, is linked into every executable: 1.4 MB.
    .unsafeFlags(["-Xfrontend", "-disable-implicit-string-processing-module-import"]),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A C library: a module map and a `shim.h`, nothing else. Exactly one room imports it.
func library(_ name: String) -> Target { .systemLibrary(name: name) }

/// A room under `Sources/`. It names every room that it imports.
func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .executableTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], fixtures: Bool = false) -> Target {
    .testTarget(
        name: "\(name)Tests", dependencies: dependencies, exclude: fixtures ? ["Fixtures"] : [],
        swiftSettings: swiftSettings)
}

let package = Package(
    name: "holdfast",
    targets: [
        library("CBlkid"),
        library("CCurl"),
        library("CGRPC"),
        library("CJansson"),
        library("CLinux"),
        library("CMD"),
        library("CMicrohttpd"),
        library("CYAML"),
        .target(name: "CWipe", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),
        .target(name: "CWire", cSettings: [.unsafeFlags(["-Wall", "-Wextra", "-Werror"])]),

        // From the kernel up: a room imports only rooms above it.
        room("Diagnostics", []),
        room("Syscalls", ["CLinux", "Diagnostics"]),
        room("JSON", ["CJansson"]),
        room("HTTP", ["CMicrohttpd", "Syscalls"]),
        room("Settings", ["CYAML"]),
        room("Processes", ["CLinux", "Diagnostics", "Syscalls"]),
        room("Devices", ["CBlkid", "CLinux", "Syscalls"]),
        room("Filesystems", ["CLinux", "Devices", "Processes", "Syscalls"]),
        room("Mounts", ["CLinux", "Syscalls"]),
        room("Pools", ["CMD", "Devices", "JSON", "Syscalls"]),
        room("Volumes", ["Devices", "Filesystems", "Mounts", "Pools", "Syscalls"]),
        room("RPC", ["CGRPC", "CLinux", "Syscalls"]),
        room("CSI", ["CWire", "RPC"]),
        room(
            "Plugin",
            [
                "CSI", "Diagnostics", "Devices", "Filesystems", "Mounts", "Pools", "RPC", "Settings", "Syscalls",
                "Volumes",
            ]),
        room("Kubernetes", ["CCurl", "Diagnostics", "JSON", "Settings", "Syscalls"]),

        room("Reconciler", ["CSI", "Diagnostics", "JSON", "Kubernetes", "RPC", "Syscalls"]),

        executable(
            "holdfast-node",
            [
                "CWipe", "Diagnostics", "Mounts", "Plugin", "Pools", "Processes", "RPC", "Settings", "Syscalls",
                "Volumes",
            ]),
        executable(
            "holdfast-reconciler",
            [
                "CSI", "CWipe", "Diagnostics", "HTTP", "Kubernetes", "Processes", "RPC", "Reconciler", "Settings",
                "Syscalls",
            ]),
        executable("holdfast-bench", ["CSI", "JSON", "Kubernetes", "Processes", "RPC", "Settings", "Syscalls"]),
        executable("holdfast", ["CSI", "Diagnostics", "JSON", "Processes", "RPC", "Settings", "Syscalls"]),

        .systemLibrary(name: "CFuse", path: "Tests/CFuse"),
        .target(
            name: "TestSupport", dependencies: ["CFuse", "Syscalls"], path: "Tests/TestSupport",
            swiftSettings: swiftSettings),
        .target(
            name: "APIDouble", dependencies: ["HTTP", "JSON", "Syscalls", "TestSupport"], path: "Tests/APIDouble",
            swiftSettings: swiftSettings),
        tests("APIDouble", ["APIDouble", "HTTP", "JSON", "Syscalls", "TestSupport"]),
        tests("CWire", ["CWire"], fixtures: true),
        tests("CSI", ["CSI", "TestSupport"]),
        tests("Devices", ["Devices", "Syscalls", "TestSupport"]),
        tests("Diagnostics", ["Diagnostics", "TestSupport"]),
        tests("Filesystems", ["Devices", "Filesystems", "Processes", "Syscalls", "TestSupport"]),
        tests("HTTP", ["HTTP", "Syscalls", "TestSupport"]),
        tests("JSON", ["JSON"]),
        tests(
            "Kubernetes",
            ["APIDouble", "HTTP", "JSON", "Kubernetes", "Processes", "Settings", "Syscalls", "TestSupport"]),
        tests("Mounts", ["Devices", "Mounts", "Syscalls", "TestSupport"]),
        tests("Node", ["CSI", "Processes", "RPC", "Syscalls", "TestSupport", "holdfast", "holdfast-node"]),
        tests("Pools", ["Devices", "JSON", "Pools", "Syscalls", "TestSupport"]),
        tests("Processes", ["Processes", "Syscalls", "TestSupport"]),
        tests("RPC", ["RPC", "Syscalls", "TestSupport"]),
        tests(
            "Reconciler",
            [
                "APIDouble", "CSI", "JSON", "Kubernetes", "Processes", "RPC", "Reconciler", "Syscalls", "TestSupport",
                "holdfast-node", "holdfast-reconciler",
            ]),
        tests("Settings", ["Settings"]),
        tests("Syscalls", ["Syscalls", "TestSupport"]),
        tests("Volumes", ["Devices", "Mounts", "Pools", "Syscalls", "TestSupport", "Volumes"]),
    ]
)
