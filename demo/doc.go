// Package demo is a world to try things in: some three hundred invented hotels in real cities, with room types, seasons,
// weekend prices, rate plans, taxes and restrictions, owned by invented chains; and the tokens to use it with.
//
// Make is deterministic: the same seed, first night and horizon give the same world, ids included. Fill brings a world
// into empty services and goes on where an earlier Fill was killed.
package demo
