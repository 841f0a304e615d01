"""The only training loop, and what it needs: phases, descent, averages, chance, state, several processes."""
