internal import Devices
internal import Glibc
internal import Syscalls

extension FilePool {
    /// `holdfast:<8 digits of the pool>:<volume id>`, at most 63 bytes: how a loop device is known when its image has
    /// lost its name.
    func label(_ id: VolumeID) -> String { labelPrefix + id.text }
    private var labelPrefix: String { "holdfast:\("\(identity)".prefix(8)):" }

    func attached(_ record: VolumeRecord) throws(PoolError) -> AttachedDevice? {
        guard let image = try volumes.identity(record.id.text) else { return nil }
        return try attached(record.id, image)
    }

    private func attached(_ id: VolumeID, _ image: FileIdentity) throws(PoolError) -> AttachedDevice? {
        // By name first: the number may be somebody else's by now, whose device would have us share its trouble.
        if let last = attachedAt.withLock({ $0[id] }),
            AttachedLoops.isAttached(last, toFileNamed: volumes.imageName(id.text)),
            let found = try open(last, of: id, if: image)
        {
            return found
        }
        // Somebody may have attached the image behind our back; a second device for it would be a second writer.
        let index: Int?
        do throws(DeviceError) {
            index = try AttachedLoops.find(image, named: volumes.imageName(id.text))
        } catch {
            throw .device(error)
        }
        guard let index, let found = try open(index, of: id, if: image) else { return nil }
        attachedAt.withLock { $0[id] = index }
        return found
    }

    /// Opens a loop device and looks again what is attached to it, now that it cannot change any more.
    private func open(_ index: Int, of id: VolumeID, if image: FileIdentity) throws(PoolError) -> AttachedDevice? {
        let path = LoopDevice.path(index)
        do throws(DeviceError) {
            guard let loop = try LoopDevice.open(index) else { return nil }
            let status = try loop.status()
            guard status.backing == image else { return nil }
            if status.label == label(id) && status.isWholeFile && !status.isReadOnly {
                return AttachedDevice(device: loop.device(), isNew: false, isKept: !status.detachesOnLastClose)
            }
        } catch {
            throw .device(error)
        }
        throw .attachedElsewhere(volume: id, device: path)
    }

    func attach(_ record: VolumeRecord) throws(PoolError) -> AttachedDevice {
        let image = try volumes.open(record.id.text, O_RDWR)
        let status = try wholeStatus(image, record)
        if let found = try attached(record.id, status.identity) { return found }
        do throws(DeviceError) {
            let loop = try LoopDevice.attach(
                image, label: label(record.id), discards: record.provisioning == .thin)
            let index = loop.index
            attachedAt.withLock { $0[record.id] = index }
            return AttachedDevice(device: loop.device(), isNew: true, isKept: false)
        } catch {
            throw .device(error)
        }
    }

    /// The image's status, if it is as long as its record says: while it grows, as long as before or longer.
    func wholeStatus(_ image: borrowing Descriptor, _ record: VolumeRecord) throws(PoolError) -> FileStatus {
        let path = volumes.imagePath(record.id.text)
        let status = try kernel(FileStatus.of(image, path))
        guard status.kind == .file && status.size >= record.assuredSize else {
            throw .shortImage(
                of: volumes.owner(record.id.text), path: path, found: status.size, expected: record.assuredSize)
        }
        guard status.size <= record.size else {
            throw .longImage(
                of: volumes.owner(record.id.text), path: path, found: status.size, expected: record.size)
        }
        return status
    }

    func keep(_ attached: borrowing AttachedDevice, of record: VolumeRecord) throws(PoolError) {
        do throws(DeviceError) {
            try LoopDevice.keep(attached.device)
        } catch {
            throw .device(error)
        }
    }

    func detach(_ attached: consuming AttachedDevice, of record: VolumeRecord) throws(PoolError) {
        let index: Int?
        do throws(DeviceError) {
            index = try AttachedLoops.index(of: attached.device.number)
            // From here on the kernel detaches it at the last close: this one, or that of an onlooker such as udev.
            try LoopDevice.detach(attached.device)
        } catch {
            throw .device(error)
        }
        _ = consume attached
        attachedAt.withLock { _ = $0.removeValue(forKey: record.id) }
        // Discards were switched off for good on this device: the next user gets a new one.
        if record.provisioning == .thick, let index { LoopDevice.remove(index) }
    }

    func detachFormer(_ id: VolumeID) throws(PoolError) {
        do throws(DeviceError) {
            // The image's name may be gone from it: it was renamed while it was attached.
            let last = attachedAt.withLock { $0[id] }.map { [$0] } ?? []
            for index in Set(try AttachedLoops.indices(ofFilesNamed: volumes.imageName(id.text)) + last) {
                // Read first: opening somebody else's device for writing would have udev look at it again.
                guard let status = try? LoopDevice.status(index), status.label == label(id),
                    status.backing.device == device, let loop = try LoopDevice.open(index)
                else { continue }
                try LoopDevice.detach(loop.device())
            }
        } catch {
            throw .device(error)
        }
    }

    func wasWritten(_ record: VolumeRecord) throws(PoolError) -> Bool? {
        let image = try volumes.open(record.id.text, O_RDONLY)
        return try kernel(Files.firstData(image, volumes.imagePath(record.id.text))) != nil
    }

    func sync(_ attached: borrowing AttachedDevice, of record: VolumeRecord) throws(PoolError) {
        do throws(SystemError) {
            try attached.device.sync()
            let image = try Files.open(volumes.imageName(record.id.text), in: records.folder, O_RDWR | O_NOFOLLOW)
            try Files.sync(image, volumes.imagePath(record.id.text))
        } catch {
            throw .system(error)
        }
    }

    func owner(of device: DeviceNumber) throws(PoolError) -> DeviceOwner {
        guard device.major == LoopDevice.major else { return .somebodyElse }
        guard let index = try onDevice(AttachedLoops.index(of: device)) else { return .somebodyElse }
        let status = try status(ofLoop: index)
        // The label is a word. What the device shows is a fact: the volume's image, wherever somebody has mounted that from, or
        // a file that lay on the pool's filesystem with it.
        guard let status, status.label.hasPrefix(labelPrefix),
            let id = VolumeID(String(status.label.dropFirst(labelPrefix.count)))
        else { return .somebodyElse }
        if try volumes.identity(id.text) == status.backing { return .volume(id) }
        return status.backing.device == self.device ? .formerVolume(id) : .somebodyElse
    }

    /// What a loop device says of itself; nil where nothing is attached to it. One that cannot answer is nobody's trouble
    /// but its owner's: it is ours only by the name of an image of ours.
    func status(ofLoop index: Int) throws(PoolError) -> LoopStatus? {
        do throws(DeviceError) {
            return try LoopDevice.status(index)
        } catch {
            let name = AttachedLoops.fileName(index) ?? ""
            let suffix = ImageFolder.imageSuffix
            guard name.hasSuffix(suffix), VolumeID(String(name.dropLast(suffix.count))) != nil else { return nil }
            throw .device(error)
        }
    }

    /// One look at all loop devices, so that later ones need not look. What does not answer, such as one on a dead network
    /// server, keeps nobody waiting; the answer is a sentence for each.
    func findAttachedVolumes() throws(PoolError) -> [String] {
        let late = HostThread.forEach(try onDevice(AttachedLoops.indices()), patience: Self.patience) { index in
            guard let status = try? LoopDevice.status(index), let id = self.id(ofLabel: status.label) else { return }
            self.attachedAt.withLock { $0[id] = index }
        }
        return late.map {
            "\(LoopDevice.path($0)) does not say whose it is: it has not answered for \(Int(Self.patience)) s; look for a "
                + "hung device beneath it"
        }
    }

    /// Seconds.
    private static let patience = 3.0

    private func id(ofLabel label: String) -> VolumeID? {
        label.hasPrefix(labelPrefix) ? VolumeID(String(label.dropFirst(labelPrefix.count))) : nil
    }
}
