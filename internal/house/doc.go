// Package house has no code: its tests hold the tree to the rules of the house.
package house
