internal import JSON
internal import Syscalls

extension FilePool {
    func recover() throws(PoolError) -> [String] {
        let found = try volumes.recover(pool: identity, isID: { VolumeID($0) != nil })
        var reports = found.reports
        for text in found.records {
            if let report = volumes.records.load(
                text, into: index, pool: identity,
                { json throws(MalformedRecord) in
                    try VolumeRecord(json)
                })
            {
                reports.append(report)
            }
        }
        for (text, error) in found.blocked {
            if let id = VolumeID(text) { index.markDamaged(id, error) }
        }
        for record in index.all {
            do throws(PoolError) { try trimBehindEnd(record) } catch { reports.append("\(error)") }
        }
        reports += try fileSnapshots.recover()
        do throws(SystemError) {
            try reserve.fill()
        } catch {
            reports.append("the pool '\(name)' is too full to set room aside for its records: \(error)")
        }
        return try reports + findAttachedVolumes()
    }
}
