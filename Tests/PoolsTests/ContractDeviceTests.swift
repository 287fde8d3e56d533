internal import Devices
internal import Glibc
internal import Pools
internal import Syscalls
internal import TestSupport
internal import Testing

@Suite("Pool contract: devices", .enabled(if: isRoot, "needs root: pools attach devices"))
struct ContractDeviceTests {
    let folder = TemporaryFolder("contractdevice")

    private func open(_ subject: Subject) throws -> any Pool {
        let pool = try subject.open(folder.path)
        _ = try pool.recover()
        return pool
    }

    private func isAttached(_ pool: any Pool, _ record: VolumeRecord) throws -> Bool {
        switch try pool.attached(record) {
        case .some: true
        case .none: false
        }
    }

    @Test(
        "attaching twice gives the same device, and closing it detaches", arguments: Subject.all, Provisioning.allCases)
    func attach(_ subject: Subject, _ provisioning: Provisioning) throws {
        let pool = try open(subject)
        let record = try pool.make("a", provisioning)
        #expect(try !isAttached(pool, record))
        do {
            let first = try pool.attach(record)
            let second = try pool.attach(record)
            let facts = (first.isNew, second.isNew, first.device.number, second.device.number)
            #expect(facts.0 && !facts.1)
            #expect(facts.2 == facts.3)
            #expect(try isAttached(pool, record))
        }
        #expect(folder.hasNoLoops())
        #expect(try !isAttached(pool, record))
    }

    @Test("what is kept stays without an opener, over a restart as well, until it is detached", arguments: Subject.all)
    func keep(_ subject: Subject) throws {
        let record: VolumeRecord
        let number: DeviceNumber
        do {
            let pool = try open(subject)
            record = try pool.make("a")
            let attached = try pool.attach(record)
            try pool.keep(attached, of: record)
            number = attached.device.number
        }
        let pool = try open(subject)
        switch try pool.attached(record) {
        case .some(let attached):
            let facts = (attached.device.number, attached.isNew, attached.isKept)
            #expect(facts == (number, false, true))
            #expect(try pool.owner(of: number) == .volume(record.id))
            try pool.detach(attached, of: record)
        case .none: Issue.record("it was detached")
        }
        #expect(folder.hasNoLoops())
        #expect(try !isAttached(pool, record))
    }

    @Test("what was written and synced is there after detaching", arguments: Subject.all, Provisioning.allCases)
    func persists(_ subject: Subject, _ provisioning: Provisioning) throws {
        let pool = try open(subject)
        let record = try pool.make("a", provisioning)
        let words = randomBytes(1 << 20)
        do {
            let attached = try pool.attach(record)
            try Files.write(words, to: attached.device.descriptor, attached.device.path)
            try pool.sync(attached, of: record)
            #expect(try pool.wasWritten(record) != false)
            try pool.detach(attached, of: record)
        }
        let attached = try pool.attach(record)
        let found = try Files.read(attached.device.descriptor, attached.device.path, at: 0, count: 1 << 20)
        #expect(found == words)
    }

    @Test(
        "a thick volume keeps its space, whatever is done to its device", arguments: Subject.all,
        ["ext4", "xfs", "btrfs"])
    func thick(_ subject: Subject, _ filesystem: String) throws {
        let pool = try open(subject)
        let record = try pool.make("a", bytes: 300 << 20, .thick)
        let point = folder.makeFolder("point")
        func expectWhole(_ step: String) {
            #expect(folder.allocated(subject.image(record.id)) >= record.size, "after \(step)")
        }
        do {
            let attached = try pool.attach(record)
            let device = attached.device.path
            try sh("mkfs.\(filesystem) -q \(filesystem == "ext4" ? "-F" : "-f") '\(device)'")
            expectWhole("mkfs")
            try sh("mount '\(device)' '\(point)' && dd if=/dev/zero of='\(point)/file' bs=1M count=50 status=none")
            try sh("sync -f '\(point)' && rm '\(point)/file' && sync -f '\(point)'")
            _ = outcome(of: "fstrim '\(point)'")
            try sh("umount '\(point)'")
            expectWhole("fstrim")
            _ = outcome(of: "blkdiscard -f '\(device)'")
            _ = outcome(of: "blkdiscard -f -z '\(device)'")
            try pool.sync(attached, of: record)
            expectWhole("blkdiscard")
            try pool.detach(attached, of: record)
        }
        expectWhole("detaching")
    }

    @Test("a thin volume gives back what is discarded", arguments: Subject.all)
    func thin(_ subject: Subject) throws {
        let pool = try open(subject)
        let record = try pool.make("a", bytes: 16 << 20)
        let attached = try pool.attach(record)
        try Files.write(randomBytes(16 << 20), to: attached.device.descriptor, attached.device.path)
        try pool.sync(attached, of: record)
        #expect(folder.allocated(subject.image(record.id)) >= 16 << 20)
        try sh("blkdiscard -f '\(attached.device.path)'")
        #expect(folder.allocated(subject.image(record.id)) < 1 << 20)
    }

    @Test("a device is its volume's, a deleted volume's, or somebody else's", arguments: Subject.all)
    func owner(_ subject: Subject) throws {
        let pool = try open(subject)
        let record = try pool.make("a")
        let attached = try pool.attach(record)
        let number = attached.device.number
        #expect(try pool.owner(of: number) == .volume(record.id))
        try pool.delete(record.id)
        #expect(try pool.owner(of: number) == .formerVolume(record.id), "its image is deleted, and still attached")
        try pool.make("a")
        #expect(try pool.owner(of: number) == .formerVolume(record.id), "one made again is another one")
        let second = try pool.attach(record)
        let successor = second.device.number
        #expect(successor != number)
        #expect(try pool.owner(of: successor) == .volume(record.id))

        let other = TemporaryFolder("contractother")
        let neighbour = try subject.open(other.path)
        _ = try neighbour.recover()
        let foreign = try neighbour.attach(try neighbour.make("a"))
        let neighbours = foreign.device.number
        #expect(try pool.owner(of: neighbours) == .somebodyElse, "another pool's on the same filesystem")
        folder.makeImage("foreign", bytes: 1 << 20)
        let image = try Files.open(folder.at("foreign"), O_RDWR)
        let loop = try LoopDevice.attach(image, label: "mine", discards: true).device()
        let mine = loop.number
        #expect(try pool.owner(of: mine) == .somebodyElse)
        #expect(try pool.owner(of: DeviceNumber(major: 8, minor: 0)) == .somebodyElse)
        #expect(try pool.owner(of: DeviceNumber(major: 7, minor: 1_048_000)) == .somebodyElse)
    }

    @Test("devices of a deleted volume can be detached by its id alone, and nobody else's go", arguments: Subject.all)
    func detachFormer(_ subject: Subject) throws {
        let pool = try open(subject)
        let record = try pool.make("a")
        let bystander = try pool.make("b")
        for volume in [record, bystander] { try pool.keep(try pool.attach(volume), of: volume) }
        try pool.delete(record.id)
        #expect(folder.loops.count == 2)
        try pool.detachFormer(record.id)
        var left = folder.loops
        for _ in 0..<2_000 where left.count > 1 {
            usleep(5_000)
            left = folder.loops
        }
        #expect(left.count == 1)
        #expect(try isAttached(pool, bystander))
        try pool.detach(try pool.attach(bystander), of: bystander)
    }
}
