"""MsConD: multi-scale contrastive learning for complex scene generation."""
