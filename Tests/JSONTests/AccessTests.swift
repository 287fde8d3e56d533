import JSON
import Testing

struct AccessTests {
    let volume: JSON = [
        "name": "data", "size": 1_073_741_824, "ratio": 1.5, "ready": true, "nodes": ["a", "b"], "holder": nil,
        "meta": ["x": 1],
    ]

    @Test("A member reads as its own type")
    func reads() {
        #expect(volume["name"]?.string == "data")
        #expect(volume["size"]?.integer == 1 << 30)
        #expect(volume["size"]?.number == 1_073_741_824)
        #expect(volume["ratio"]?.number == 1.5)
        #expect(volume["ready"]?.bool == true)
        #expect(volume["nodes"]?.array == ["a", "b"])
        #expect(volume["nodes"]?[1]?.string == "b")
        #expect(volume["meta"]?.object == ["x": 1])
        #expect(volume["meta"]?["x"]?.integer == 1)
    }

    @Test("A member does not read as another type")
    func refuses() {
        #expect(volume["name"]?.integer == nil)
        #expect(volume["size"]?.string == nil)
        #expect(volume["size"]?.bool == nil)
        #expect(volume["ratio"]?.integer == nil)
        #expect(volume["ready"]?.number == nil)
        #expect(volume["nodes"]?.object == nil)
        #expect(volume["meta"]?.array == nil)
        #expect(volume["nodes"]?["a"] == nil)
        #expect(volume["nodes"]?[2] == nil)
        #expect(volume["nodes"]?[-1] == nil)
    }

    @Test("A missing member is told apart from null")
    func tellsNullApart() {
        #expect(volume["nothing"] == nil)
        #expect(volume["holder"] != nil)
        #expect(volume["holder"]?.isNull == true)
        #expect(volume["name"]?.isNull == false)
    }

    @Test("A member is set and removed, the others stay")
    func changes() {
        var copy = volume
        copy["name"] = "other"
        copy["holder"] = nil
        copy["meta"]?["y"] = ["z": .null]
        #expect(copy["name"] == "other")
        #expect(copy["holder"] == nil)
        #expect(copy["meta"] == ["x": 1, "y": ["z": nil]])
        #expect(copy["size"] == volume["size"])
        #expect(volume["name"] == "data")
    }

    @Test("Setting a member makes an object of null")
    func makesObjects() {
        var value = JSON.null
        value["a"] = 1
        #expect(value == ["a": 1])
        var untouched = JSON.null
        untouched["a"] = nil
        #expect(untouched == .null)
    }

    @Test("Literals of every kind")
    func literals() {
        let name = "x"
        let values: [JSON] = [nil, true, 1, -1.5, "a", "\(name)-1", [1], ["k": 1]]
        let expected: [JSON] = [
            .null, .bool(true), .integer(1), .number(-1.5), .string("a"), .string("x-1"), .array([.integer(1)]),
            .object(["k": .integer(1)]),
        ]
        #expect(values == expected)
        #expect(JSON.integer(1) != JSON.number(1))
    }
}
