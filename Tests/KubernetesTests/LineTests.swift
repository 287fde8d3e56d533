import Testing

@testable import Kubernetes

@Suite struct LineTests {
    /// Gives the bytes in pieces of each size and collects the lines.
    private func lines(_ text: String, piece: Int, limit: Int = 100) -> [String]? {
        var splitter = LineSplitter(limit: limit)
        var lines: [String] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: piece) {
            let goesOn = Array(bytes[start..<min(start + piece, bytes.count)]).withUnsafeBytes { part in
                splitter.take(part) { lines.append(String(decoding: $0, as: UTF8.self)) }
            }
            guard goesOn else { return nil }
        }
        return lines + [String(decoding: splitter.unfinished, as: UTF8.self)]
    }

    @Test(arguments: 1...12)
    func splitsWhereverThePiecesEnd(_ piece: Int) {
        #expect(lines("one\ntwo\r\n\n\nthrée\nfour", piece: piece) == ["one", "two", "thrée", "four"])
        #expect(lines("\n", piece: piece) == [""])
    }

    @Test(arguments: [1, 3, 100])
    func refusesALineBeyondTheLimit(_ piece: Int) {
        #expect(lines("12345678\n12345678", piece: piece, limit: 8) == ["12345678", "12345678"])
        #expect(lines("12345678\n123456789", piece: piece, limit: 8) == nil)
        #expect(lines("123456789\n", piece: piece, limit: 8) == nil)
    }

    private func scan(_ text: String) -> [String]? {
        let bytes = Array(text.utf8)
        return ListScan(bytes)?.items.map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    @Test func findsTheItemsOfAList() {
        #expect(scan(#"{"items":[]}"#) == [])
        #expect(scan(#"{"kind":"List","items":null,"metadata":{}}"#) == [])
        #expect(
            scan(
                #" { "kind" : "a\"]}" , "metadata":{"x":[1,{"y":"}"}]}, "n":3, "items": [ {"a":"]"} , {"b":[{}]},[7],"s",1 ] }"#
            )
                == [#"{"a":"]"}"#, #"{"b":[{}]}"#, "[7]", #""s""#, "1 "])
    }

    @Test(arguments: [
        "", "[]", "7", "{", "{}", #"{"items"}"#, #"{"items":"#, #"{"items":["#, #"{"items":[{}"#, #"{"items":[{},"#,
        #"{"items":[{} {}]}"#, #"{"items":{}}"#, #"{"a":"#, #"{"a":"x"#, #"{"a":1 "items":[]}"#, "{\"a\\",
        #"{"items":n"#,
    ])
    func findsNothingInWhatIsNoList(_ text: String) { #expect(scan(text) == nil) }
}
