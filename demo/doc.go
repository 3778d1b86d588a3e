// Package demo is a world to try things in: some three hundred invented hotels in real cities, with room types, seasons,
// weekend prices, rate plans, taxes and restrictions, owned by invented chains; two invented airlines and an invented
// railway that join these cities, with timetables, seats and fares; and the tokens to use it all with.
//
// All of it is deterministic. Make gives the same hotels for the same seed, first night and horizon, ids included; the
// timetables of Airlines and MakeRailway follow from tables, and a flight or train of a date is the same one whatever
// day it is made on. Fill, FillAirline and FillRailway bring the world into services, empty or not: they go on where an
// earlier one was killed, and add the dates that have come since.
package demo
