import APIDouble
import Testing
