public import Testing

/// What the task at hand works on, for the issues that it records.
private enum Piece { @TaskLocal static var label: String? }

/// Works on several things at a time, at the most so many, each in a task of its own: for tests that wait for disks and
/// processes more than they compute. All of them are worked on, also when some fail.
///
/// Issues say which thing they belong to in tests that have the trait `tellsApart`.
public func sideBySide<Item: Sendable & CustomTestStringConvertible>(
    _ items: [Item], atMost limit: Int, _ body: @escaping @Sendable (Item) async throws -> Void
) async {
    await withTaskGroup(of: Void.self) { group in
        for (number, item) in items.enumerated() {
            if number >= limit { await group.next() }
            group.addTask {
                await Piece.$label.withValue(item.testDescription) {
                    do { try await body(item) } catch { Issue.record(error) }
                }
            }
        }
    }
}

extension Trait where Self == IssueHandlingTrait {
    /// Adds to each issue which of the things `sideBySide` it belongs to.
    public static var tellsApart: Self {
        .compactMapIssues { issue in
            guard let label = Piece.label else { return issue }
            var issue = issue
            issue.comments.insert("\(label)", at: 0)
            return issue
        }
    }
}
