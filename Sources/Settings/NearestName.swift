/// The known name that was probably meant: the nearest by edit distance, when no more than a third of it differs, or one
/// character of a short one.
func nearestName(to name: String, among known: [String]) -> String? {
    let letters = Array(name.unicodeScalars)
    // The distance costs the product of both lengths.
    guard letters.count <= 100 else { return nil }
    let candidates = known.map { (name: $0, distance: editDistance(letters, Array($0.unicodeScalars))) }
    guard let nearest = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
    let length = nearest.name.unicodeScalars.count
    return length > 1 && nearest.distance <= max(1, length / 3) ? nearest.name : nil
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment) that lead from one to the other.
private func editDistance(_ first: [Unicode.Scalar], _ second: [Unicode.Scalar]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...second.count)
    for row in first.indices {
        var current = [row + 1]
        current.reserveCapacity(second.count + 1)
        for column in second.indices {
            let replaced = previous[column] + (first[row] == second[column] ? 0 : 1)
            var best = min(replaced, previous[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, first[row] == second[column - 1], first[row - 1] == second[column] {
                best = min(best, beforePrevious[column - 1] + 1)
            }
            current.append(best)
        }
        beforePrevious = previous
        previous = current
    }
    return previous[second.count]
}
