"""Three sources of detections behind one call: a file made elsewhere, torchvision's Mask R-CNN, detectron2's.

Each offers `open_detector(block, raw, folder, device)` and gives something with `facts` and `find(images)`.
"""
